"""Observations to what is reported: states at once, batches at each interval's end, snapshots when due.

Pure: it is told the time, and returns what is to be sent.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from pantau_agent.assessment.observation import Observation
from pantau_agent.config import Camera
from pantau_agent.reporting.precision import Precision
from pantau_contract.errors import ContractError
from pantau_contract.messages import CameraState, Sample
from pantau_contract.snapshot import MAX_SNAPSHOT, SnapshotMetadata, stamp
from pantau_contract.states import Cause, State

_MAX_CHANGES = 32
"""Samples of changes kept a camera and interval; of a camera that changes more often, the latest."""
_ROOM_FOR_STAMP = 1024
_STEP_MS = 500
"""A clock that moves by more than this against the monotonic one was stepped; less is slewing and delay."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an observation leads to: a changed state to tell at once, and a stamped snapshot that is due."""

    state: CameraState | None = None
    snapshot: bytes | None = None


@dataclass(slots=True)
class _Record:
    """What is kept of one camera. `snapshot` is the newest, stamped, and not sent yet.

    `since_told` is the latest sample's `since` as the watcher told it, `since_moved_ms` how far the clock was
    stepped after that moment.
    """

    latest: Sample
    since_told: int = 0
    since_moved_ms: int = 0
    changes: deque[Sample] = field(default_factory=lambda: deque(maxlen=_MAX_CHANGES))
    snapshot: bytes | None = None
    snapshot_wanted: bool = True
    snapshot_sent_s: float = 0.0


class Reporter:
    """Keeps the latest of every camera, and says what is due."""

    def __init__(
        self,
        site: str,
        boot: str,
        cameras: Iterable[Camera],
        *,
        snapshot_interval_s: float,
        now_ms: int,
        monotonic_s: float,
    ) -> None:
        self._site = site
        self._boot = boot
        self._epoch_ms = now_ms - int(monotonic_s * 1000)
        self._precision = Precision()
        self._snapshot_interval_s = snapshot_interval_s
        self._records = {camera.id: _Record(_first_sample(camera, now_ms)) for camera in cameras}

    def observe(self, observation: Observation, *, seq: int, now_ms: int, monotonic_s: float) -> Outcome:
        """Takes an observation. `seq` is that of the batch which its sample will be in."""
        self._follow_clock(now_ms, monotonic_s)
        record = self._records[observation.sample.camera]
        sample = _with_true_since(observation.sample, record)
        changed = observation.changed or (sample.state, sample.cause) != (record.latest.state, record.latest.cause)
        record.latest = sample
        fresh = self._stamped(observation.snapshot, sample)
        record.snapshot = fresh or record.snapshot
        if changed:
            record.changes.append(sample)
        # On a change to a state without pictures the one from before it goes: it is the last good one.
        snapshot = self._due_snapshot(record, changed=changed, fresh=fresh is not None, now_s=monotonic_s)
        return Outcome(self._state(sample, seq) if changed else None, snapshot)

    def take_samples(self, *, now_ms: int, monotonic_s: float) -> tuple[Sample, ...]:
        """The samples of the interval that ends now: every change in it, then each camera's latest.

        All their times are of the clock as it is now: where it was stepped since, earlier ones were moved with it.
        """
        self._follow_clock(now_ms, monotonic_s)
        samples: list[Sample] = []
        for record in self._records.values():
            samples += record.changes
            if not record.changes or record.changes[-1] is not record.latest:
                samples.append(record.latest)
            record.changes.clear()
        return tuple(self._precision.round(sample, monotonic_s) for sample in samples)

    def latest(self, camera: str) -> Sample | None:
        """The latest sample of a camera; None where there is no such camera."""
        record = self._records.get(camera)
        return None if record is None else record.latest

    def states(self, seq: int) -> list[CameraState]:
        """Every camera's state, as it is told anew on each connection."""
        return [self._state(record.latest, seq) for record in self._records.values()]

    def want_snapshot(self, camera: str) -> None:
        """The camera's next picture is due, whatever the interval."""
        self._records[camera].snapshot_wanted = True

    def _follow_clock(self, now_ms: int, monotonic_s: float) -> None:
        """Where the clock was stepped since the last look at it, what is kept moves with it."""
        epoch_ms = now_ms - int(monotonic_s * 1000)
        by_ms = epoch_ms - self._epoch_ms
        self._epoch_ms = epoch_ms
        if abs(by_ms) < _STEP_MS:
            return
        for record in self._records.values():
            latest = record.latest
            record.latest = sample_moved(latest, by_ms)
            record.since_moved_ms += by_ms
            moved = (
                record.latest if change is latest else sample_moved(change, by_ms) for change in record.changes
            )
            record.changes = deque(moved, maxlen=_MAX_CHANGES)

    def _stamped(self, snapshot: bytes | None, sample: Sample) -> bytes | None:
        """The picture as it is sent; None where there is none, or none that the contract takes."""
        if snapshot is None or len(snapshot) > MAX_SNAPSHOT - _ROOM_FOR_STAMP:
            return None
        about = SnapshotMetadata(self._site, sample.camera, sample.time, sample.state, sample.cause)
        try:
            return stamp(snapshot, about)
        except ContractError:
            return None

    def _due_snapshot(self, record: _Record, *, changed: bool, fresh: bool, now_s: float) -> bytes | None:
        if changed:
            record.snapshot_wanted = True
        elapsed = now_s - record.snapshot_sent_s >= self._snapshot_interval_s
        due = changed or (fresh and (record.snapshot_wanted or elapsed))
        if record.snapshot is None or not due:
            return None
        snapshot, record.snapshot = record.snapshot, None
        record.snapshot_sent_s = now_s
        if fresh:
            record.snapshot_wanted = False
        return snapshot

    def _state(self, sample: Sample, seq: int) -> CameraState:
        return CameraState(
            site=self._site,
            camera=sample.camera,
            boot=self._boot,
            seq=seq,
            time=sample.time,
            state=sample.state,
            since=sample.since,
            cause=sample.cause,
            detail=sample.detail,
        )


def sample_moved(sample: Sample, by_ms: int) -> Sample:
    """The sample with its times so much later."""
    return replace(sample, time=max(0, sample.time + by_ms), since=max(0, sample.since + by_ms))


def _with_true_since(sample: Sample, record: _Record) -> Sample:
    """A watcher goes on telling the `since` that it once noted, by the clock as it was then."""
    if sample.since != record.since_told:
        record.since_told, record.since_moved_ms = sample.since, 0
    return replace(sample, since=max(0, sample.since + record.since_moved_ms)) if record.since_moved_ms else sample


def _first_sample(camera: Camera, now_ms: int) -> Sample:
    if not camera.enabled:
        return Sample(camera=camera.id, time=now_ms, state=State.DISABLED, since=now_ms)
    return Sample(camera=camera.id, time=now_ms, state=State.UNKNOWN, since=now_ms, cause=Cause.STARTING)
