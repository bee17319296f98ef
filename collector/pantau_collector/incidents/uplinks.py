"""The stage across sites: an uplink is down when all sites behind it have gone silent within a window.

It needs two branches at least: a single site, or a single further uplink, explains as much by itself. The sites
that the uplink cuts off open no incidents meanwhile. When one of them is heard again they come back in waves, and
those that are not back some time after the last wave become incidents of their own at once.
"""

from collections.abc import Iterable

from pantau_collector.incidents.case import SiteCase, UplinkCase
from pantau_collector.incidents.correlate import is_healthy
from pantau_collector.incidents.evaluation import Condition
from pantau_collector.incidents.incident import UPLINK_DOWN, Incident
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.proposal import Proposal
from pantau_collector.incidents.subjects import WHOLE_SITE

_MIN_BRANCHES = 2
"""Branches that must be lost, at least, before their uplink is the root cause."""
_SILENT_SHARE = 1 / 3
"""Share of the other sites that must be silent for an outage to be held back as possibly the uplink's.

The broker notices lost agents one after another, so it may turn out to be all of them.
"""


class Uplinks:
    """Writes an uplink's proposal, and whether it `inhibits`."""

    def __init__(self, *, window_s: float, regroup_s: float) -> None:
        self._window_s = window_s
        self._regroup_s = regroup_s

    def __call__(self, case: UplinkCase, now: Moment) -> None:
        """Look at the sites behind the uplink, unless a further uplink explains what happens there."""
        known = case.open.get(case.id)
        if case.inhibited_by is not None and (known is None or self._merges(case, known)):
            return
        proposal = self._propose(case, known, now)
        if proposal is not None:
            case.proposals[case.id] = proposal
            case.inhibits = True

    def _propose(self, case: UplinkCase, known: Incident | None, now: Moment) -> Proposal | None:
        worked = [site for site in _behind(case, case.branches) if _has_worked(site)]
        newest_s = max((site.symptom(WHOLE_SITE).since_s for site in worked if site.is_lost), default=None)
        if newest_s is None:
            return None if known is None else self._propose_ending(case, known, now)
        related = [site for site in worked if not self._is_unrelated(case, site, known, newest_s)]
        branches = {case.branches[site.id] for site in related}
        if all(site.is_lost for site in related) and len(branches) >= (_MIN_BRANCHES if known is None else 1):
            return _propose_down(known, related)
        return None if known is None else self._propose_ending(case, known, now)

    def _is_unrelated(self, case: UplinkCase, site: SiteCase, known: Incident | None, newest_s: float) -> bool:
        """Return True if the site's open incident began too long before `newest_s` to have the same cause."""
        if known is not None and site.id in known.sites:
            return False
        inhibitor = site.inhibited_by if site.inhibited_by and site.inhibited_by.subject != case.id else None
        incident = site.open.get(WHOLE_SITE) or inhibitor
        return incident is not None and incident.opened_s < newest_s - self._window_s

    def _propose_ending(self, case: UplinkCase, known: Incident, now: Moment) -> Proposal | None:
        awaited = sum(not _is_back(site) for site in _behind(case, known.sites))
        over = known.ending_s is not None and now.s >= known.ending_s + self._regroup_s
        if not awaited or over:
            return None
        proposal = Proposal.ending(known, awaited, now.s)
        case.schedule((proposal.ending_s or now.s) + self._regroup_s)
        return proposal

    def _merges(self, case: UplinkCase, known: Incident) -> bool:
        """Merge the incident into that of the further uplink, and return True, if it was that one's beginning."""
        further = case.inhibited_by
        if further is None or further.ending_s is not None:
            return False
        if known.opened_s < further.opened_s - self._window_s:
            return False
        case.merged[known.subject] = further.subject
        return True

    def held_until_s(self, case: UplinkCase, members: Iterable[str], now: Moment) -> float:
        """Return until when (attention) an outage of some of the sites is held back as possibly the uplink's."""
        silent = [site for site in _behind(case, members) if site.is_silent]
        if not silent:
            return 0.0
        until_s = max(site.symptom(WHOLE_SITE).since_s for site in silent) + self._window_s
        if now.s >= until_s:
            return 0.0
        own = set(members)
        others = [
            site
            for site in _behind(case, case.branches)
            if site.id not in own and _has_worked(site) and WHOLE_SITE not in site.open
        ]
        silent_others = sum(site.is_silent for site in others)
        return until_s if silent_others and silent_others >= len(others) * _SILENT_SHARE else 0.0


def _behind(case: UplinkCase, sites: Iterable[str]) -> list[SiteCase]:
    return [case.sites[site] for site in sites if site in case.sites]


def _has_worked(site: SiteCase) -> bool:
    whole = site.evaluations.get(WHOLE_SITE)
    return whole is not None and whole.worked


def _is_back(site: SiteCase) -> bool:
    """Return True if the site is heard, and nothing is wrong there that has no incident of its own."""
    whole = site.evaluations[WHOLE_SITE]
    if whole.condition is not Condition.WORKING or site.is_lost:
        return WHOLE_SITE in site.open
    covered = {camera for incident in site.open.values() for camera in incident.cameras}
    return all(camera in covered or is_healthy(site, site.evaluations[camera], camera) for camera in site.cameras)


def _propose_down(known: Incident | None, sites: list[SiteCase]) -> Proposal:
    ids = tuple(sorted({site.id for site in sites}.union(known.sites if known else ())))
    if known is not None and known.sites == ids:
        return Proposal(UPLINK_DOWN, known.cameras, known.since_ms, sites=ids)
    cameras = {f"{site.id}/{camera}" for site in sites for camera in _affected_cameras(site)}
    since_ms = min(site.site.heard_ms for site in sites)
    return Proposal(UPLINK_DOWN, tuple(sorted(cameras.union(known.cameras if known else ()))), since_ms, sites=ids)


def _affected_cameras(site: SiteCase) -> set[str]:
    """Return the site's cameras that are expected to work and have no incident of their own."""
    covered = {
        camera for subject, incident in site.open.items() if subject != WHOLE_SITE for camera in incident.cameras
    }
    expected = {camera for camera in site.cameras if site.evaluations[camera].condition is not Condition.DISABLED}
    return expected - covered
