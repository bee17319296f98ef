"""Third stage: proposes the incidents within a site, so that one root cause is one incident.

A parent's incident has evidence of its own: the site's agent is gone, or all cameras behind a device or of the
site are down at once, over two branches or more (with a single branch, what is on that branch explains as much).
The highest such parent stands for every camera behind it that had no incident before. When its evidence ends, the
cameras come back in waves; those that are not back some time after the last wave become incidents of their own, or
of a lower parent, at once. A device that answers is not down.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct, field

from pantau_collector.fleet.absence import explain
from pantau_collector.incidents.case import SiteCase
from pantau_collector.incidents.evaluation import Condition, Evaluation
from pantau_collector.incidents.incident import DEVICE_DOWN, SITE_DARK, Incident
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.proposal import Proposal
from pantau_collector.incidents.subjects import WHOLE_SITE, device_of, is_device
from pantau_contract.messages import DeviceAnswer
from pantau_contract.states import STATE_OF, State

_ANSWER_WITHIN_S = 20.0
"""Seconds that an agent may take to ask a device, beside the interval after which it reports the answer."""
_MIN_BRANCHES = 2
"""Branches that must be down, at least, before their parent is the root cause."""
_DOWN = {str(State.DOWN), *(str(cause) for cause, state in STATE_OF.items() if state is State.DOWN)}
"""Causes with which a camera counts as down, as if without power or network."""


class _Parent(Struct):
    """The site or one of its devices: the cameras behind it, and what stands above it, the nearest first."""

    subject: str
    above: tuple[str, ...]
    cameras: list[str] = field(default_factory=list)


class Correlate:
    """Writes `proposals`, and in `merged` the subjects whose incident was the beginning of a parent's."""

    def __init__(self, *, settle_s: Callable[[str], float], regroup_s: float) -> None:
        self._settle_s = settle_s
        self._regroup_s = regroup_s

    def __call__(self, case: SiteCase, now: Moment) -> None:
        """Look at the whole site first, then at its devices downwards, then at each camera."""
        onsets: dict[str, float] = {}
        parents = _parents(case)
        awaited = {parent.subject for parent in parents if self._is_awaited(case, parent, now)}
        for parent in parents:
            above = next((each for each in reversed(parent.above) if each in onsets), None)
            known = case.open.get(parent.subject)
            if above is not None and (known is None or self._merges_into(case, known, above, onsets)):
                continue
            proposal = None if parent.subject in awaited else self._propose(case, parent, now)
            if proposal is not None:
                case.proposals[parent.subject] = proposal
                if above is None:
                    onsets[parent.subject] = self._onset_s(case, parent.subject, now)
        for camera in case.cameras:
            if camera in case.open or awaited.isdisjoint(_path(case, camera)):
                self._propose_camera(case, camera, onsets, now)

    def _propose_camera(self, case: SiteCase, camera: str, onsets: dict[str, float], now: Moment) -> None:
        cause, known = case.symptom(camera).hard_cause, case.open.get(camera)
        if cause is None:
            return
        above = next((each for each in _path(case, camera)[1:] if each in onsets), None)
        if above is not None and known is not None and self._merges_into(case, known, above, onsets):
            return
        ready = above is None and case.evaluations[camera].condition is Condition.FAILED
        if known is not None or (ready and not self._is_held_back(case, [camera], now)):
            case.proposals[camera] = Proposal(cause, (camera,), case.site.cameras[camera].since_ms)

    def _propose(self, case: SiteCase, parent: _Parent, now: Moment) -> Proposal | None:
        known = case.open.get(parent.subject)
        if parent.subject == WHOLE_SITE and case.is_lost:
            onset_s = case.symptom(WHOLE_SITE).since_s
            return Proposal(_lost_cause(case), self._covered_cameras(case, parent, onset_s), case.site.heard_ms)
        own_cause = SITE_DARK if parent.subject == WHOLE_SITE else DEVICE_DOWN
        dark = self._is_dark(case, parent, now)
        if dark is None and known is not None and known.cause == own_cause:
            return Proposal.unchanged(known)
        if dark and (known is None or known.cause == own_cause or self._is_over(known, now)):
            if known is None and parent.above and self._is_held_back(case, parent.cameras, now):
                return None
            cameras = self._covered_cameras(case, parent, now.s)
            return Proposal(own_cause, cameras, _first_ms(case, cameras))
        return None if known is None else self._propose_ending(case, known, now)

    def _is_dark(self, case: SiteCase, parent: _Parent, now: Moment) -> bool | None:
        """Return True if all cameras behind the parent that worked until just now are down.

        Return None if the condition of none of them is known. A recovery that is still soft does not end a
        parent's incident that is open.
        """
        known = case.open.get(parent.subject)
        unrelated = self._unrelated_cameras(case, parent, now.s)
        branches, is_any_known = set(), False
        for camera in parent.cameras:
            evaluation = case.evaluations[camera]
            if evaluation.condition in (Condition.DISABLED, Condition.UNKNOWN):
                continue
            is_any_known = True
            if camera in unrelated:
                continue
            recovering = known is not None and evaluation.condition is Condition.WORKING
            is_down = _is_down(case.symptom(camera).hard_cause)
            if not (is_down and (evaluation.state is State.DOWN or recovering)):
                return False
            branches.add(_branch(case, camera, parent.subject))
        if not is_any_known:
            return None
        if (answer := _answer(case, parent)) is not None and answer.answers:
            return False
        return len(branches) >= (_MIN_BRANCHES if known is None else 1)

    def _is_awaited(self, case: SiteCase, parent: _Parent, now: Moment) -> bool:
        """Return True while the agent has yet to report whether a device answers behind which all is down.

        The cameras' states arrive at once, and the device's answer with the next batch.
        """
        asked = is_device(parent.subject) and device_of(parent.subject) in case.site.devices
        if not asked or parent.subject in case.open:
            return False
        if _answer(case, parent) is not None or self._is_dark(case, parent, now) is not True:
            return False
        reported_s = max(case.evaluations[camera].reported_s for camera in parent.cameras)
        limit_s = reported_s + case.site.interval_s + _ANSWER_WITHIN_S
        case.schedule(limit_s)
        return now.s < limit_s

    def _unrelated_cameras(self, case: SiteCase, parent: _Parent, onset_s: float) -> set[str]:
        """Return cameras behind the parent that had an incident, or a lower parent's, long before this onset."""
        unrelated: set[str] = set()
        for subject, incident in case.open.items():
            if subject not in (parent.subject, *parent.above) and not self._is_recent(case, incident, onset_s):
                unrelated.update(incident.cameras)
        return unrelated

    def _is_recent(self, case: SiteCase, incident: Incident, onset_s: float) -> bool:
        """Return True if the incident was opened shortly before `onset_s`, or later."""
        down = incident.camera is None or _is_down(case.symptom(incident.camera).hard_cause)
        return down and incident.opened_s >= onset_s - self._regroup_s

    def _merges_into(self, case: SiteCase, known: Incident, above: str, onsets: dict[str, float]) -> bool:
        """Merge the incident into the parent's, and return True, if it was the beginning of that one."""
        proposal = case.proposals[above]
        if proposal.ending_s is not None or not self._is_recent(case, known, onsets[above]):
            return False
        case.merged[known.subject] = above
        return True

    def _onset_s(self, case: SiteCase, subject: str, now: Moment) -> float:
        return case.symptom(WHOLE_SITE).since_s if subject == WHOLE_SITE and case.is_lost else now.s

    def _covered_cameras(self, case: SiteCase, parent: _Parent, onset_s: float) -> tuple[str, ...]:
        """Return the cameras that the parent's incident includes."""
        known = case.open.get(parent.subject)
        covered = {
            camera for camera in parent.cameras if case.evaluations[camera].condition is not Condition.DISABLED
        }
        covered -= self._unrelated_cameras(case, parent, onset_s)
        return tuple(sorted(covered.union(known.cameras if known else ())))

    def _propose_ending(self, case: SiteCase, known: Incident, now: Moment) -> Proposal | None:
        awaited = sum(
            camera not in case.open
            and (evaluation := case.evaluations.get(camera)) is not None
            and not is_healthy(case, evaluation, camera)
            for camera in known.cameras
        )
        if not awaited or self._is_over(known, now):
            return None
        proposal = Proposal.ending(known, awaited, now.s)
        case.schedule((proposal.ending_s or now.s) + self._regroup_s)
        return proposal

    def _is_over(self, known: Incident, now: Moment) -> bool:
        """Return True if the incident has waited long enough for its cameras."""
        return known.ending_s is not None and now.s >= known.ending_s + self._regroup_s

    def _is_held_back(self, case: SiteCase, cameras: Iterable[str], now: Moment) -> bool:
        """Return True while other cameras fail too, so that a parent may be the root cause; for a limited time."""
        mine = set(cameras)
        limit_s = max((self._limit_s(case, camera) for camera in mine if camera in case.symptoms), default=0.0)
        if now.s >= limit_s:
            return False
        for sibling in case.cameras:
            other = case.evaluations[sibling]
            failing = other.condition is Condition.FAILED and other.state is State.DOWN and other.worked
            is_soft = failing and not case.symptom(sibling).hard_cause
            if sibling not in mine and sibling not in case.open and is_soft:
                case.schedule(limit_s)
                return True
        return False

    def _limit_s(self, case: SiteCase, camera: str) -> float:
        """Return until when (attention) an incident of the camera may be held back."""
        symptom = case.symptom(camera)
        if not _is_down(symptom.hard_cause):
            return 0.0
        settle_s = self._settle_s(symptom.hard_cause or "")
        return max(symptom.since_s + 2 * settle_s, case.evaluations[camera].reported_s + settle_s)


def _answer(case: SiteCase, parent: _Parent) -> DeviceAnswer | None:
    """Return the answer of a device that was asked since the cameras behind it went down, or None."""
    answer = case.site.devices.get(device_of(parent.subject)) if is_device(parent.subject) else None
    cameras = (case.site.cameras[camera] for camera in parent.cameras if camera in case.site.cameras)
    onset_ms = max((camera.since_ms for camera in cameras if camera.state is State.DOWN), default=0)
    return answer if answer is not None and answer.asked > onset_ms else None


def _lost_cause(case: SiteCase) -> str:
    """Return why the site's agent is not heard; once it is heard again, as its start tells."""
    site = case.site
    explanation = None if case.is_silent else explain(site.absence, site.start, site.boot)
    return explanation.cause if explanation else case.symptom(WHOLE_SITE).hard_cause or ""


def is_healthy(case: SiteCase, evaluation: Evaluation, camera: str) -> bool:
    """Return True if the camera has no problem, or is not expected to work."""
    return evaluation.condition is Condition.DISABLED or (
        evaluation.condition is Condition.WORKING and case.symptom(camera).hard_cause is None
    )


def _parents(case: SiteCase) -> list[_Parent]:
    """Return the site, then its devices, each before those behind it; also devices that only have an incident."""
    whole = _Parent(WHOLE_SITE, (), case.cameras)
    if not case.devices.above:
        return [whole]
    devices = {subject: _Parent(subject, (*above, WHOLE_SITE)) for subject, above in case.devices.above.items()}
    for camera in case.cameras:
        for subject in case.devices.of_camera.get(camera, ()):
            devices[subject].cameras.append(camera)
    return [whole, *sorted(devices.values(), key=lambda parent: len(parent.above))]


def _path(case: SiteCase, camera: str) -> tuple[str, ...]:
    """Return the camera and what stands above it, up to the site."""
    return (camera, *case.devices.of_camera.get(camera, ()), WHOLE_SITE)


def _branch(case: SiteCase, camera: str, parent: str) -> str:
    """Return what connects the camera directly behind the parent; the camera itself if nothing is between them."""
    path = _path(case, camera)
    return path[path.index(parent) - 1]


def _first_ms(case: SiteCase, cameras: Iterable[str]) -> int:
    return min(
        (case.site.cameras[camera].since_ms for camera in cameras if camera in case.site.cameras), default=0
    )


def _is_down(cause: str | None) -> bool:
    return cause in _DOWN
