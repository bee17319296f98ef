"""The reporter: observations in; out come changed states at once, samples each interval, and snapshots when due.

It has no clock of its own and sends nothing. What it keeps carries monotonic time; states and snapshots are dated
when they go out, samples later, in the spool.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from pantau_agent.assessment.observation import Observation
from pantau_agent.config import Camera
from pantau_agent.reporting.precision import Precision
from pantau_agent.spool.dating import date_sample
from pantau_contract.errors import ContractError
from pantau_contract.messages import CameraState, Sample
from pantau_contract.snapshot import MAX_SNAPSHOT, SnapshotMetadata, stamp
from pantau_contract.states import Cause, State

_MAX_CHANGES = 32
"""Samples of changes kept per camera and interval; of a camera that changes more often, the latest."""
_ROOM_FOR_STAMP = 1024
"""Bytes that the stamp may add to a snapshot."""


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """What follows from an observation: a changed state to report at once, and a stamped snapshot that is due."""

    state: CameraState | None = None
    snapshot: bytes | None = None


@dataclass(slots=True)
class _Record:
    """What is kept of one camera. `snapshot` is the newest, stamped, and not sent yet. Samples are undated."""

    latest: Sample
    changes: deque[Sample] = field(default_factory=lambda: deque(maxlen=_MAX_CHANGES))
    snapshot: bytes | None = None
    snapshot_requested: bool = True
    snapshot_sent_at: float = 0.0


class Reporter:
    """Keeps the latest sample of every camera, and decides what is due.

    `now` is in monotonic seconds everywhere; `epoch_ms` is the UTC time at which that clock stood at zero.
    """

    def __init__(
        self, site: str, boot: str, cameras: Iterable[Camera], *, snapshot_interval_s: float, now: float
    ) -> None:
        self._site = site
        self._boot = boot
        self._precision = Precision()
        self._snapshot_interval_s = snapshot_interval_s
        self._records = {camera.id: _Record(_first_sample(camera, now)) for camera in cameras}

    def add(self, observation: Observation, *, seq: int, epoch_ms: int, now: float) -> ReportOutcome:
        """Add an observation. `seq` is that of the batch that its sample will be in."""
        sample = observation.sample
        record = self._records[sample.camera]
        changed = observation.changed or (sample.state, sample.cause) != (record.latest.state, record.latest.cause)
        record.latest = sample
        new = self._stamped(observation.snapshot, date_sample(sample, epoch_ms))
        record.snapshot = new or record.snapshot
        if changed:
            record.changes.append(sample)
        # On a change to a state without pictures the earlier picture is sent: it is the last good one.
        snapshot = self._due_snapshot(record, changed=changed, is_new=new is not None, now=now)
        return ReportOutcome(self._state(sample, seq, epoch_ms) if changed else None, snapshot)

    def collect_samples(self, now: float) -> tuple[Sample, ...]:
        """Return the interval's samples, undated: every change in it, then each camera's latest."""
        samples: list[Sample] = []
        for record in self._records.values():
            samples += record.changes
            if not record.changes or record.changes[-1] is not record.latest:
                samples.append(record.latest)
            record.changes.clear()
        return tuple(self._precision.round(sample, now) for sample in samples)

    def latest(self, camera: str) -> Sample | None:
        """Return the latest, undated sample of a camera, or None if there is no such camera."""
        record = self._records.get(camera)
        return None if record is None else record.latest

    def states(self, seq: int, epoch_ms: int) -> list[CameraState]:
        """Return every camera's state, as it is published on each connection."""
        return [self._state(record.latest, seq, epoch_ms) for record in self._records.values()]

    def request_snapshot(self, camera: str) -> None:
        """Make the camera's next picture due, whatever the interval."""
        self._records[camera].snapshot_requested = True

    def _stamped(self, snapshot: bytes | None, dated: Sample) -> bytes | None:
        """Return the picture as it is sent, or None if there is none, or none that the contract allows."""
        if snapshot is None or len(snapshot) > MAX_SNAPSHOT - _ROOM_FOR_STAMP:
            return None
        about = SnapshotMetadata(self._site, dated.camera, dated.time, dated.state, dated.cause)
        try:
            return stamp(snapshot, about)
        except ContractError:
            return None

    def _due_snapshot(self, record: _Record, *, changed: bool, is_new: bool, now: float) -> bytes | None:
        if changed:
            record.snapshot_requested = True
        elapsed = now - record.snapshot_sent_at >= self._snapshot_interval_s
        due = changed or (is_new and (record.snapshot_requested or elapsed))
        if record.snapshot is None or not due:
            return None
        snapshot, record.snapshot = record.snapshot, None
        record.snapshot_sent_at = now
        if is_new:
            record.snapshot_requested = False
        return snapshot

    def _state(self, sample: Sample, seq: int, epoch_ms: int) -> CameraState:
        dated = date_sample(sample, epoch_ms)
        return CameraState(
            site=self._site,
            camera=dated.camera,
            boot=self._boot,
            seq=seq,
            time=dated.time,
            state=dated.state,
            since=dated.since,
            cause=dated.cause,
            detail=dated.detail,
        )


def _first_sample(camera: Camera, now: float) -> Sample:
    now_ms = int(now * 1000)
    if not camera.enabled:
        return Sample(camera=camera.id, time=now_ms, state=State.DISABLED, since=now_ms)
    return Sample(camera=camera.id, time=now_ms, state=State.UNKNOWN, since=now_ms, cause=Cause.STARTING)
