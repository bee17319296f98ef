"""Decides which arriving picture is kept: one of each hour, and those around a change of the camera's state.

Nothing here reads or writes; `keeping.py` decides later what of it stays.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from pantau_collector.pictures import CameraKey
from pantau_collector.snapshots.rules import SnapshotRules
from pantau_collector.snapshots.snapshot import Why
from pantau_contract.messages import CameraState
from pantau_contract.snapshot import SnapshotMetadata
from pantau_contract.states import Cause, State

_TRUE = {State.OK, State.DEGRADED}


class StateChange(Struct, frozen=True):
    """A change of a camera's state: since when (UTC ms), to what, and whether pictures are kept of it."""

    site: str
    camera: str
    since_ms: int
    state: State
    cause: Cause | None
    kept: bool


class _Camera(Struct):
    """What is remembered of one camera; `awaited_ms` is since when the picture after a change is awaited."""

    state: tuple[State, Cause | None] | None = None
    since_ms: int = 0
    awaited_ms: int | None = None
    hour: tuple[date, int] | None = None
    hour_is_true: bool = False
    changes_day: date | None = None
    changes: int = 0


class Arrivals:
    """What is remembered of each camera, in the order in which pictures and states arrive."""

    def __init__(self, rules: SnapshotRules, zone: ZoneInfo) -> None:
        self._rules = rules
        self._zone = zone
        self._cameras: dict[CameraKey, _Camera] = {}

    def wanted(self, about: SnapshotMetadata, taken_ms: int) -> Why | None:
        """Return for what a picture is kept, or None if it is not. Each call counts as its arrival.

        An hour's first picture is kept, and its first true one. Without `hourly_days` the pictures of the hours
        are kept for the day, of which the best then stays.
        """
        camera = self._cameras.setdefault((about.site, about.camera), _Camera())
        local = self._local(taken_ms)
        hour, is_true = (local.date(), local.hour), about.state in _TRUE
        is_after_change = camera.awaited_ms is not None and taken_ms >= camera.awaited_ms
        is_of_hour = camera.hour is None or hour > camera.hour or (hour == camera.hour and not camera.hour_is_true)
        if not is_after_change and not (is_of_hour and (is_true or hour != camera.hour)):
            return None
        if camera.hour is None or hour >= camera.hour:
            camera.hour_is_true = is_true or (hour == camera.hour and camera.hour_is_true)
            camera.hour = hour
        if is_after_change:
            camera.awaited_ms = None
            return Why.CHANGE
        return Why.HOUR if self._rules.hourly_days or self._rules.project_days else None

    def corrected(self, about: SnapshotMetadata, taken_ms: int) -> SnapshotMetadata:
        """Return what a picture says of itself, with the state that the camera is known to have had by then.

        An agent is sure of a fault some pictures after it began: the first of them still says that all is well.
        """
        known = self._cameras.get((about.site, about.camera))
        if known is None or known.state is None or about.state not in _TRUE or known.state[0] in _TRUE:
            return about
        return (
            structs.replace(about, state=known.state[0], cause=known.state[1])
            if taken_ms >= known.since_ms
            else about
        )

    def note_state(self, message: CameraState) -> StateChange | None:
        """Note a camera's state, and return what has changed; None if nothing has, or nothing was known before."""
        camera = self._cameras.setdefault((message.site, message.camera), _Camera())
        state = message.state, message.cause
        before, camera.state, camera.since_ms = camera.state, state, message.since
        if before is None or before == state:
            return None
        kept = self._may_keep(camera, message.since)
        camera.awaited_ms = message.since if kept else None
        return StateChange(message.site, message.camera, message.since, *state, kept)

    def forget(self, camera: CameraKey) -> None:
        """Forget a camera that is no more."""
        self._cameras.pop(camera, None)

    def _may_keep(self, camera: _Camera, since_ms: int) -> bool:
        """Count a change, and return True unless the camera changes too often or nothing of it is kept."""
        today = self._local(since_ms).date()
        if camera.changes_day != today:
            camera.changes_day, camera.changes = today, 0
        camera.changes += 1
        return bool(self._rules.change_days) and camera.changes <= self._rules.changes_a_day

    def _local(self, time_ms: int) -> datetime:
        return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(self._zone)
