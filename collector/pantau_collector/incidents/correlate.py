"""Third stage: which incidents there should be within a site, so that one root cause is one incident.

A parent's incident has evidence of its own: a site's agent is gone, or all cameras behind a device or of a site
are down at once, by two ways or more (with one way only, what is on it explains as much). The highest such
parent speaks for every camera behind it that had no incident before. When its evidence ends, the cameras come
back in waves; those that have not a while after the last wave become incidents of their own, or of a lower
parent, at once.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct, field

from pantau_collector.incidents.case import (
    DEVICE_DOWN,
    SITE_DARK,
    WHOLE_SITE,
    Incident,
    Moment,
    Reading,
    SiteCase,
    Verdict,
    Wanted,
)
from pantau_contract.states import STATE_OF, State

_FEWEST_WAYS = 2
_DOWN = {str(State.DOWN), *(str(cause) for cause, state in STATE_OF.items() if state is State.DOWN)}


class _Parent(Struct):
    """The site or a device of it: what is behind, and what stands above, the nearest first."""

    subject: str
    above: tuple[str, ...]
    cameras: list[str] = field(default_factory=list)


class Correlate:
    """Writes `wanted`, and in `merged` whose incident was the beginning of a parent's."""

    def __init__(self, *, settle_s: Callable[[str], float], regroup_s: float) -> None:
        self._settle_s = settle_s
        self._regroup_s = regroup_s

    def __call__(self, case: SiteCase, now: Moment) -> None:
        """Looks at the whole site first, then at its devices downwards, then at each camera."""
        speaking: dict[str, float] = {}
        for parent in _parents(case):
            above = next((each for each in reversed(parent.above) if each in speaking), None)
            known = case.open.get(parent.subject)
            if above is not None and (known is None or self._is_taken_over(case, known, above, speaking)):
                continue
            wanted = self._look(case, parent, now)
            if wanted is not None:
                case.wanted[parent.subject] = wanted
                if above is None:
                    speaking[parent.subject] = self._onset_s(case, parent.subject, now)
        for camera in case.cameras:
            self._camera(case, camera, speaking, now)

    def _camera(self, case: SiteCase, camera: str, speaking: dict[str, float], now: Moment) -> None:
        trouble, known = case.symptom(camera).trouble, case.open.get(camera)
        if trouble is None:
            return
        above = next((each for each in _ways(case, camera)[1:] if each in speaking), None)
        if above is not None and known is not None and self._is_taken_over(case, known, above, speaking):
            return
        ready = above is None and case.readings[camera].verdict is Verdict.BAD
        if known is not None or (ready and not self._waits(case, [camera], now)):
            case.wanted[camera] = Wanted(trouble, (camera,), case.site.cameras[camera].since_ms)

    def _look(self, case: SiteCase, parent: _Parent, now: Moment) -> Wanted | None:
        known = case.open.get(parent.subject)
        if parent.subject == WHOLE_SITE and case.gone:
            cause, recent = case.symptom(WHOLE_SITE).trouble or "", case.symptom(WHOLE_SITE).since_s
            return Wanted(cause, self._covered(case, parent, recent), case.site.heard_ms)
        own_cause = SITE_DARK if parent.subject == WHOLE_SITE else DEVICE_DOWN
        dark = self._is_dark(case, parent, now)
        if dark is None and known is not None and known.cause == own_cause:
            return Wanted.again(known)
        if dark and (known is None or known.cause == own_cause or self._is_over(known, now)):
            if known is None and parent.above and self._waits(case, parent.cameras, now):
                return None
            cameras = self._covered(case, parent, now.s)
            return Wanted(own_cause, cameras, _first_ms(case, cameras))
        return None if known is None else self._ending(case, known, now)

    def _is_dark(self, case: SiteCase, parent: _Parent, now: Moment) -> bool | None:
        """Whether all cameras behind it that worked until shortly are down; None if nothing is known of any.

        Once so, an unsettled recovery ends nothing.
        """
        known = case.open.get(parent.subject)
        earlier = self._earlier(case, parent, now.s)
        ways, told = set(), False
        for camera in parent.cameras:
            reading = case.readings[camera]
            if reading.verdict in (Verdict.OFF, Verdict.UNKNOWN):
                continue
            told = True
            if camera in earlier:
                continue
            recovering = known is not None and reading.verdict is Verdict.GOOD
            if not (_is_down(case.symptom(camera).trouble) and (reading.state is State.DOWN or recovering)):
                return False
            ways.add(_way(case, camera, parent.subject))
        if not told:
            return None
        return len(ways) >= (_FEWEST_WAYS if known is None else 1)

    def _earlier(self, case: SiteCase, parent: _Parent, onset_s: float) -> set[str]:
        """Cameras behind it whose incident, or whose lower parent's, has nothing to do with what begins now."""
        earlier: set[str] = set()
        for subject, incident in case.open.items():
            if subject not in (parent.subject, *parent.above) and not self._is_recent(case, incident, onset_s):
                earlier.update(incident.cameras)
        return earlier

    def _is_recent(self, case: SiteCase, incident: Incident, onset_s: float) -> bool:
        """Whether it opened shortly before `onset_s`, or since."""
        down = incident.camera is None or _is_down(case.symptom(incident.camera).trouble)
        return down and incident.opened_s >= onset_s - self._regroup_s

    def _is_taken_over(self, case: SiteCase, known: Incident, above: str, speaking: dict[str, float]) -> bool:
        wanted = case.wanted[above]
        if wanted.ending_s is not None or not self._is_recent(case, known, speaking[above]):
            return False
        case.merged[known.subject] = above
        return True

    def _onset_s(self, case: SiteCase, subject: str, now: Moment) -> float:
        return case.symptom(WHOLE_SITE).since_s if subject == WHOLE_SITE and case.gone else now.s

    def _covered(self, case: SiteCase, parent: _Parent, onset_s: float) -> tuple[str, ...]:
        """The cameras that its incident speaks for."""
        known = case.open.get(parent.subject)
        wanted = {camera for camera in parent.cameras if case.readings[camera].verdict is not Verdict.OFF}
        wanted -= self._earlier(case, parent, onset_s)
        return tuple(sorted(wanted.union(known.cameras if known else ())))

    def _ending(self, case: SiteCase, known: Incident, now: Moment) -> Wanted | None:
        awaited = sum(
            camera not in case.open
            and (reading := case.readings.get(camera)) is not None
            and not is_well(case, reading, camera)
            for camera in known.cameras
        )
        if not awaited or self._is_over(known, now):
            return None
        wanted = go_on_ending(known, awaited, now)
        case.wake((wanted.ending_s or now.s) + self._regroup_s)
        return wanted

    def _is_over(self, known: Incident, now: Moment) -> bool:
        """Whether the cameras have been awaited long enough."""
        return known.ending_s is not None and now.s >= known.ending_s + self._regroup_s

    def _waits(self, case: SiteCase, cameras: Iterable[str], now: Moment) -> bool:
        """Whether others are going down too, so that it may be a parent of all of them; for a time."""
        mine = set(cameras)
        limit_s = max((self._limit_s(case, camera) for camera in mine if camera in case.symptoms), default=0.0)
        if now.s >= limit_s:
            return False
        for sibling in case.cameras:
            other = case.readings[sibling]
            going = other.verdict is Verdict.BAD and other.state is State.DOWN and other.worked
            if sibling not in mine and sibling not in case.open and going and not case.symptom(sibling).trouble:
                case.wake(limit_s)
                return True
        return False

    def _limit_s(self, case: SiteCase, camera: str) -> float:
        symptom = case.symptom(camera)
        if not _is_down(symptom.trouble):
            return 0.0
        settle_s = self._settle_s(symptom.trouble or "")
        return max(symptom.since_s + 2 * settle_s, case.readings[camera].told_s + settle_s)


def go_on_ending(known: Incident, awaited: int, now: Moment) -> Wanted:
    """A parent's incident whose evidence has ended: its children are awaited anew with each wave of them."""
    wanted = Wanted.again(known)
    if known.ending_s is None or awaited < known.awaited:
        return wanted._replace(ending_s=now.s, awaited=awaited)
    return wanted


def is_well(case: SiteCase, reading: Reading, camera: str) -> bool:
    """Whether nothing is the matter with a camera, or ever was supposed to be."""
    return reading.verdict is Verdict.OFF or (
        reading.verdict is Verdict.GOOD and case.symptom(camera).trouble is None
    )


def _parents(case: SiteCase) -> list[_Parent]:
    """The site, then its devices, each before those behind it; also one that only has an incident."""
    whole = _Parent(WHOLE_SITE, (), case.cameras)
    if not case.devices.above:
        return [whole]
    devices = {subject: _Parent(subject, (*above, WHOLE_SITE)) for subject, above in case.devices.above.items()}
    for camera in case.cameras:
        for subject in case.devices.of_camera.get(camera, ()):
            devices[subject].cameras.append(camera)
    return [whole, *sorted(devices.values(), key=lambda parent: len(parent.above))]


def _ways(case: SiteCase, camera: str) -> tuple[str, ...]:
    """The camera and what stands above it, up to the site."""
    return (camera, *case.devices.of_camera.get(camera, ()), WHOLE_SITE)


def _way(case: SiteCase, camera: str, parent: str) -> str:
    """By which of the things directly behind the parent the camera is connected."""
    ways = _ways(case, camera)
    return ways[ways.index(parent) - 1]


def _first_ms(case: SiteCase, cameras: Iterable[str]) -> int:
    return min(
        (case.site.cameras[camera].since_ms for camera in cameras if camera in case.site.cameras), default=0
    )


def _is_down(trouble: str | None) -> bool:
    return trouble in _DOWN
