"""Third stage: which incidents there should be, so that one root cause is one incident.

A whole site's incident has evidence of its own: its agent is gone, or all of its cameras (two or more) are down at
once. It speaks for every camera that had no incident before it. When its evidence ends, the cameras come back in
waves; those that have not after a while become incidents of their own, at once.
"""

from collections.abc import Callable

from pantau_collector.incidents.case import SITE_DARK, WHOLE_SITE, Case, Incident, Moment, Reading, Verdict, Wanted
from pantau_contract.states import STATE_OF, State

_FEWEST_DARK = 2
_DOWN = {str(State.DOWN), *(str(cause) for cause, state in STATE_OF.items() if state is State.DOWN)}


class Correlate:
    """Writes `wanted`, and in `merged` the cameras whose own incident was the beginning of their site's."""

    def __init__(self, *, settle_s: Callable[[str], float], regroup_s: float) -> None:
        self._settle_s = settle_s
        self._regroup_s = regroup_s

    def __call__(self, case: Case, now: Moment) -> None:
        """Looks at the whole site first, then at each camera that it does not speak for."""
        whole = self._whole_site(case, now)
        if whole is not None:
            case.wanted[WHOLE_SITE] = whole
        for camera in _cameras(case):
            trouble = case.symptom(camera).trouble
            if trouble is None or camera in case.merged:
                continue
            told = camera in case.open
            ready = whole is None and case.readings[camera].verdict is Verdict.BAD
            if told or (ready and not self._waits(case, camera, trouble, now)):
                case.wanted[camera] = Wanted(trouble, (camera,))

    def _whole_site(self, case: Case, now: Moment) -> Wanted | None:
        site = case.symptom(WHOLE_SITE)
        if site.trouble is not None:
            case.merged = self._recent(case, site.since_s)
            return Wanted(site.trouble, _covered(case))
        known = case.open.get(WHOLE_SITE)
        recent = self._recent(case, now.s)
        dark = _is_dark(case, recent)
        if dark and (known is None or known.cause == SITE_DARK or self._is_over(known, now)):
            case.merged = recent
            return Wanted(SITE_DARK, _covered(case))
        return None if known is None else self._ending(case, known, now)

    def _recent(self, case: Case, onset_s: float) -> set[str]:
        """Cameras that are down, and whose own incident opened shortly before `onset_s`, or since."""
        return {
            camera
            for camera in _cameras(case)
            if (incident := case.open.get(camera)) is not None
            and incident.opened_s >= onset_s - self._regroup_s
            and _is_down(case.symptom(camera).trouble)
        }

    def _ending(self, case: Case, known: Incident, now: Moment) -> Wanted | None:
        awaited = [
            camera
            for camera in known.cameras
            if camera not in case.open
            and (reading := case.readings.get(camera))
            and not _is_well(case, reading, camera)
        ]
        if not awaited:
            return None
        if self._is_over(known, now):
            return None
        ending_s = now.s if known.ending_s is None else known.ending_s
        case.wake(ending_s + self._regroup_s)
        return Wanted(known.cause, known.cameras, ending_s)

    def _is_over(self, known: Incident, now: Moment) -> bool:
        """Whether the cameras have been awaited long enough."""
        return known.ending_s is not None and now.s >= known.ending_s + self._regroup_s

    def _waits(self, case: Case, camera: str, trouble: str, now: Moment) -> bool:
        """Whether a camera's siblings are going down too, so that it may be the whole site; for a time."""
        if not _is_down(trouble):
            return False
        settle_s = self._settle_s(trouble)
        symptom, reading = case.symptom(camera), case.readings[camera]
        limit_s = max(symptom.since_s + 2 * settle_s, reading.told_s + settle_s)
        if now.s >= limit_s:
            return False
        for sibling in _cameras(case):
            other = case.readings[sibling]
            going = other.verdict is Verdict.BAD and other.state is State.DOWN and other.worked
            if sibling not in case.open and going and case.symptom(sibling).trouble is None:
                case.wake(limit_s)
                return True
        return False


def _cameras(case: Case) -> list[str]:
    return [subject for subject in case.readings if subject != WHOLE_SITE]


def _covered(case: Case) -> tuple[str, ...]:
    """The cameras that the whole site's incident speaks for."""
    known = case.open.get(WHOLE_SITE)
    covered = {
        camera
        for camera in _cameras(case)
        if case.readings[camera].verdict is not Verdict.OFF and (camera not in case.open or camera in case.merged)
    }
    return tuple(sorted(covered.union(known.cameras if known else ())))


def _is_dark(case: Case, recent: set[str]) -> bool:
    """Whether all cameras that worked until shortly are down. Once so, an unsettled recovery ends nothing."""
    known = case.open.get(WHOLE_SITE)
    seen = 0
    for camera in _cameras(case):
        reading = case.readings[camera]
        if reading.verdict in (Verdict.OFF, Verdict.UNKNOWN) or (camera in case.open and camera not in recent):
            continue
        seen += 1
        recovering = known is not None and reading.verdict is Verdict.GOOD
        if not (_is_down(case.symptom(camera).trouble) and (reading.state is State.DOWN or recovering)):
            return False
    return seen >= _FEWEST_DARK


def _is_well(case: Case, reading: Reading, camera: str) -> bool:
    return reading.verdict is Verdict.OFF or (
        reading.verdict is Verdict.GOOD and case.symptom(camera).trouble is None
    )


def _is_down(trouble: str | None) -> bool:
    return trouble in _DOWN
