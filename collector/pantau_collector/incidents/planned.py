"""Which maintenance is under way, and whether it covers an outage: a stage."""

from collections.abc import Iterable

from pantau_collector.incidents.case import Case, Moment, Wanted
from pantau_collector.incidents.coverage import Coverage, Target
from pantau_collector.incidents.downtime import Downtime
from pantau_collector.incidents.topology import is_device, uplink_of


class Planned:
    """What is in maintenance now. Replaced when one begins or ends."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._under_way: dict[Target, str] = {}

    def set(self, under_way: Iterable[Downtime]) -> None:
        """From now on these are under way, the first of two of the same thing before the second."""
        self._under_way = {}
        for downtime in under_way:
            self._under_way.setdefault((downtime.scope, downtime.target), str(downtime.id))

    def __call__(self, case: Case, now: Moment) -> None:
        """The stage: writes each wanted incident's `downtime`, the id of what covers all of it."""
        del now
        if not self._under_way:
            return
        for subject, wanted in case.wanted.items():
            case.wanted[subject] = wanted._replace(downtime=self._covering(case, subject, wanted))

    def _covering(self, case: Case, subject: str, wanted: Wanted) -> str:
        whole = self._first(self._of_itself(case, subject, wanted))
        if whole:
            return whole
        members = [(case.place, name) if case.place else _pair(name) for name in wanted.cameras]
        found = [self._first(self._coverage.of_camera(*member)) for member in members]
        return found[0] if found and all(found) else ""

    def _of_itself(self, case: Case, subject: str, wanted: Wanted) -> list[Target]:
        if not case.place:
            return self._coverage.of_uplink(uplink_of(subject))
        if is_device(subject):
            return self._coverage.of_device(case.place, subject)
        return self._coverage.of_site(case.place) if wanted.cameras else self._coverage.of_empty_site(case.place)

    def _first(self, targets: Iterable[Target]) -> str:
        return next((self._under_way[target] for target in targets if target in self._under_way), "")


def _pair(name: str) -> tuple[str, str]:
    site, _, camera = name.partition("/")
    return site, camera
