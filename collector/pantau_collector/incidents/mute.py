"""A stage: mutes the incidents that a downtime covers; nobody is notified of those."""

from collections.abc import Iterable

from pantau_collector.incidents.case import Case
from pantau_collector.incidents.coverage import Coverage, Target
from pantau_collector.incidents.downtime import Downtime
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.proposal import Proposal
from pantau_collector.incidents.subjects import is_device, uplink_of


class Mute:
    """Writes each proposal's `downtime`. The active downtimes are replaced when one begins or ends."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._active: dict[Target, str] = {}

    def set_active(self, downtimes: Iterable[Downtime]) -> None:
        """Replace the active downtimes. Of two downtimes for the same target the first one counts."""
        self._active = {}
        for downtime in downtimes:
            self._active.setdefault((downtime.scope, downtime.target), str(downtime.id))

    def __call__(self, case: Case, now: Moment) -> None:
        """Write into each proposal the id of the downtime that covers all of it, or an empty string."""
        del now
        if not self._active:
            return
        for subject, proposal in case.proposals.items():
            case.proposals[subject] = proposal._replace(downtime=self._covering(case, subject, proposal))

    def _covering(self, case: Case, subject: str, proposal: Proposal) -> str:
        whole = self._first_active(self._targets(case, subject, proposal))
        if whole:
            return whole
        members = [(case.place, name) if case.place else _pair(name) for name in proposal.cameras]
        found = [self._first_active(self._coverage.of_camera(*member)) for member in members]
        return found[0] if found and all(found) else ""

    def _targets(self, case: Case, subject: str, proposal: Proposal) -> list[Target]:
        if not case.place:
            return self._coverage.of_uplink(uplink_of(subject))
        if is_device(subject):
            return self._coverage.of_device(case.place, subject)
        if proposal.cameras:
            return self._coverage.of_site(case.place)
        return self._coverage.of_empty_site(case.place)

    def _first_active(self, targets: Iterable[Target]) -> str:
        return next((self._active[target] for target in targets if target in self._active), "")


def _pair(name: str) -> tuple[str, str]:
    site, _, camera = name.partition("/")
    return site, camera
