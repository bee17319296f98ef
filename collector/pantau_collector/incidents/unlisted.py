"""A stage: the cameras of a site that are not in the inventory share one incident.

Whoever holds a site's login can name as many cameras as the site may have, and let them fail one by one.
Cameras of the inventory have incidents of their own; all others of a site have one, so that they cannot hide
another site's outage behind their number. Where the inventory lists no camera at all, none is unlisted.
"""

from collections.abc import Callable

from pantau_collector.incidents.case import SiteCase
from pantau_collector.incidents.incident import UNLISTED_CAMERAS, Incident
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.proposal import Proposal
from pantau_collector.incidents.subjects import UNLISTED, WHOLE_SITE


class Unlisted:
    """Replaces the proposals for unlisted cameras by one, which ends when none of them fails any more.

    `is_unlisted` returns whether the inventory lacks a camera, by site and id.
    """

    def __init__(self, is_unlisted: Callable[[str, str], bool]) -> None:
        self._is_unlisted = is_unlisted

    def __call__(self, case: SiteCase, now: Moment) -> None:
        """Write the proposal, and in `merged` the incidents that become part of another."""
        del now
        known = case.open.get(UNLISTED)
        proposed = {
            each for each in case.proposals if each in case.site.cameras and self._is_unlisted(case.id, each)
        }
        since_ms = min((case.proposals.pop(camera).since_ms for camera in proposed), default=0)
        case.merged.update({camera: UNLISTED for camera in proposed if camera in case.open})
        if known is not None and _is_part_of_site(case, known):
            case.merged[UNLISTED] = WHOLE_SITE
        elif proposed or (known is not None and self._goes_on(case, known)):
            # It only grows, so that cameras which come and go do not change it each time.
            cameras = proposed.union(known.cameras if known else ())
            case.proposals[UNLISTED] = Proposal(UNLISTED_CAMERAS, tuple(sorted(cameras)), since_ms)

    def _goes_on(self, case: SiteCase, known: Incident) -> bool:
        return any(case.symptom(each).hard_cause and self._is_unlisted(case.id, each) for each in known.cameras)


def _is_part_of_site(case: SiteCase, known: Incident) -> bool:
    """Return True if the site's own incident includes the cameras: they were its beginning."""
    whole = case.proposals.get(WHOLE_SITE)
    present = set(known.cameras) & case.evaluations.keys()
    return whole is not None and whole.ending_s is None and bool(present) and present <= set(whole.cameras)
