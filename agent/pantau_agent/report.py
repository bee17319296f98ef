"""Observations to what is reported: states at once, batches at each interval's end, snapshots when due.

Pure: it is told the time, and returns what is to be sent.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from pantau_agent.config import Camera
from pantau_agent.observation import Observation
from pantau_contract.errors import ContractError
from pantau_contract.messages import CameraState, Sample
from pantau_contract.snapshot import MAX_SNAPSHOT, SnapshotAbout, stamp
from pantau_contract.states import Cause, State

_MAX_CHANGES = 32
"""Samples of changes kept a camera and interval; of a camera that changes more often, the latest."""
_ROOM_FOR_STAMP = 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an observation leads to: a changed state to tell at once, and a stamped snapshot that is due."""

    state: CameraState | None = None
    snapshot: bytes | None = None


@dataclass(slots=True)
class _Record:
    """What is kept of one camera. `snapshot` is the newest, stamped, and not sent yet."""

    latest: Sample
    changes: deque[Sample] = field(default_factory=lambda: deque(maxlen=_MAX_CHANGES))
    snapshot: bytes | None = None
    snapshot_wanted: bool = True
    snapshot_sent_s: float = 0.0


class Reporter:
    """Keeps the latest of every camera, and says what is due."""

    def __init__(
        self, site: str, boot: str, cameras: Iterable[Camera], *, snapshot_interval_s: float, now_ms: int
    ) -> None:
        self._site = site
        self._boot = boot
        self._snapshot_interval_s = snapshot_interval_s
        self._records = {camera.id: _Record(_first_sample(camera, now_ms)) for camera in cameras}

    def observe(self, observation: Observation, *, seq: int, monotonic_s: float) -> Outcome:
        """Takes an observation. `seq` is that of the batch which its sample will be in."""
        sample = observation.sample
        record = self._records[sample.camera]
        changed = observation.changed or (sample.state, sample.cause) != (record.latest.state, record.latest.cause)
        record.latest = sample
        fresh = self._stamped(observation)
        record.snapshot = fresh or record.snapshot
        if changed:
            record.changes.append(sample)
        # On a change to a state without pictures the one from before it goes: it is the last good one.
        snapshot = self._due_snapshot(record, changed=changed, fresh=fresh is not None, now_s=monotonic_s)
        return Outcome(self._state(sample, seq) if changed else None, snapshot)

    def take_samples(self) -> tuple[Sample, ...]:
        """The samples of the interval that ends now: every change in it, then each camera's latest."""
        samples: list[Sample] = []
        for record in self._records.values():
            samples += record.changes
            if not record.changes or record.changes[-1] is not record.latest:
                samples.append(record.latest)
            record.changes.clear()
        return tuple(samples)

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

    def _stamped(self, observation: Observation) -> bytes | None:
        """The observation's picture as it is sent; None where there is none, or none that the contract takes."""
        if observation.snapshot is None or len(observation.snapshot) > MAX_SNAPSHOT - _ROOM_FOR_STAMP:
            return None
        sample = observation.sample
        about = SnapshotAbout(self._site, sample.camera, sample.time, sample.state, sample.cause)
        try:
            return stamp(observation.snapshot, about)
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


def _first_sample(camera: Camera, now_ms: int) -> Sample:
    if not camera.enabled:
        return Sample(camera=camera.id, time=now_ms, state=State.DISABLED, since=now_ms)
    return Sample(camera=camera.id, time=now_ms, state=State.UNKNOWN, since=now_ms, cause=Cause.STARTING)
