"""Across sites: an uplink is down when none of the sites behind it is heard any more, within a window.

It needs two ways at least: a single site, or a single further uplink, explains as much by itself. The sites that
it cuts off make no incidents meanwhile; when one of them is heard again they come back in waves, and those that
have not a while after the last wave become incidents of their own at once.
"""

from collections.abc import Iterable

from pantau_collector.incidents.case import (
    UPLINK_DOWN,
    WHOLE_SITE,
    Case,
    Incident,
    Moment,
    SiteCase,
    UplinkCase,
    Verdict,
    Wanted,
)
from pantau_collector.incidents.correlate import go_on_ending, is_well

_FEWEST_WAYS = 2
_ENOUGH_OTHERS = 1 / 3
"""Agents are missed by the broker one after another; if so many others go too, it may be all of them."""


class Uplinks:
    """Writes an uplink's `wanted`, and whether it `speaks`."""

    def __init__(self, *, window_s: float, regroup_s: float) -> None:
        self._window_s = window_s
        self._regroup_s = regroup_s

    def __call__(self, case: UplinkCase, now: Moment) -> None:
        """Looks at what is behind it, unless a further uplink explains that."""
        known = case.open.get(case.id)
        if case.cover is not None and (known is None or self._is_taken_over(case, known)):
            return
        wanted = self._look(case, known, now)
        if wanted is not None:
            case.wanted[case.id] = wanted
            case.speaks = True

    def _look(self, case: UplinkCase, known: Incident | None, now: Moment) -> Wanted | None:
        worked = [site for site in _behind(case, case.branches) if _has_worked(site)]
        newest_s = max((site.symptom(WHOLE_SITE).since_s for site in worked if site.gone), default=None)
        if newest_s is None:
            return None if known is None else self._ending(case, known, now)
        mine = [site for site in worked if not self._is_earlier(case, site, known, newest_s)]
        ways = {case.branches[site.id] for site in mine}
        if all(site.gone for site in mine) and len(ways) >= (_FEWEST_WAYS if known is None else 1):
            return _wanted(known, mine)
        return None if known is None else self._ending(case, known, now)

    def _is_earlier(self, case: UplinkCase, site: SiteCase, known: Incident | None, newest_s: float) -> bool:
        """Whether what was told of it has nothing to do with what began at `newest_s`."""
        if known is not None and site.id in known.sites:
            return False
        told = site.open.get(WHOLE_SITE) or (site.cover if site.cover and site.cover.subject != case.id else None)
        return told is not None and told.opened_s < newest_s - self._window_s

    def _ending(self, case: UplinkCase, known: Incident, now: Moment) -> Wanted | None:
        awaited = sum(not _is_back(site) for site in _behind(case, known.sites))
        over = known.ending_s is not None and now.s >= known.ending_s + self._regroup_s
        if not awaited or over:
            return None
        wanted = go_on_ending(known, awaited, now)
        case.wake((wanted.ending_s or now.s) + self._regroup_s)
        return wanted

    def _is_taken_over(self, case: UplinkCase, known: Incident) -> bool:
        cover = case.cover
        if cover is None or cover.ending_s is not None or known.opened_s < cover.opened_s - self._window_s:
            return False
        case.merged[known.subject] = cover.subject
        return True

    def held_s(self, case: UplinkCase, members: Iterable[str], now: Moment) -> float:
        """Until when (attention) an outage of some of its sites is held back, for it may be all of them."""
        mine = [site for site in _behind(case, members) if site.going]
        if not mine:
            return 0.0
        until_s = max(site.symptom(WHOLE_SITE).since_s for site in mine) + self._window_s
        if now.s >= until_s:
            return 0.0
        own = set(members)
        others = [
            site
            for site in _behind(case, case.branches)
            if site.id not in own and _has_worked(site) and WHOLE_SITE not in site.open
        ]
        going = sum(site.going for site in others)
        return until_s if going and going >= len(others) * _ENOUGH_OTHERS else 0.0


class Explain:
    """Takes out of a case's `wanted` what an uplink explains (`cover`), or may yet come to explain (`held_s`)."""

    def __call__(self, case: Case, now: Moment) -> None:
        """What is open already stays, but a whole site's incident that was the uplink's beginning."""
        if case.cover is not None:
            case.wanted = {subject: wanted for subject, wanted in case.wanted.items() if subject in case.open}
            if case.cover.ending_s is None and case.place and WHOLE_SITE in case.wanted:
                del case.wanted[WHOLE_SITE]
                case.merged[WHOLE_SITE] = case.cover.subject
        elif now.s < case.held_s and case.subject not in case.open and case.subject in case.wanted:
            del case.wanted[case.subject]
            case.wake(case.held_s)


def _behind(case: UplinkCase, sites: Iterable[str]) -> list[SiteCase]:
    return [case.sites[site] for site in sites if site in case.sites]


def _has_worked(site: SiteCase) -> bool:
    whole = site.readings.get(WHOLE_SITE)
    return whole is not None and whole.worked


def _is_back(site: SiteCase) -> bool:
    """Whether it is heard, and all is well there but for what had been told before."""
    whole = site.readings[WHOLE_SITE]
    if whole.verdict is not Verdict.GOOD or site.gone:
        return WHOLE_SITE in site.open
    spoken = {camera for incident in site.open.values() for camera in incident.cameras}
    return all(camera in spoken or is_well(site, site.readings[camera], camera) for camera in site.cameras)


def _wanted(known: Incident | None, sites: list[SiteCase]) -> Wanted:
    ids = tuple(sorted({site.id for site in sites}.union(known.sites if known else ())))
    if known is not None and known.sites == ids:
        return Wanted(UPLINK_DOWN, known.cameras, known.since_ms, sites=ids)
    cameras = {f"{site.id}/{camera}" for site in sites for camera in _cut_off(site)}
    since_ms = min(site.site.heard_ms for site in sites)
    return Wanted(UPLINK_DOWN, tuple(sorted(cameras.union(known.cameras if known else ()))), since_ms, sites=ids)


def _cut_off(site: SiteCase) -> set[str]:
    spoken = {
        camera for subject, incident in site.open.items() if subject != WHOLE_SITE for camera in incident.cameras
    }
    return {camera for camera in site.cameras if site.readings[camera].verdict is not Verdict.OFF} - spoken
