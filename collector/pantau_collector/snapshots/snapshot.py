"""One archived picture, and the name of its file, which says all that the index knows of it."""

from enum import StrEnum

from msgspec import Struct

from pantau_collector.pictures import CameraKey
from pantau_contract.states import CAUSES, STATE_OF, Cause, State
from pantau_contract.topics import SLUG

_TRUE = {State.OK, State.DEGRADED}
_STATES = {state.value: state for state in State}
_SUFFIX = ".jpg"


class Why(StrEnum):
    """For what a picture was kept. The values stand in the names of files."""

    HOUR = "hour"
    """It is one of an hour."""
    CHANGE = "change"
    """It is from just before, or just after, a change of the camera's state."""


class Snapshot(Struct, frozen=True):
    """A picture of the archive. `state` and `cause` are the camera's when it was taken, at `taken_ms` (UTC).

    `size` is in bytes. `light` is how good the light is, from 0 (night) to 1; None if nobody has measured it.
    """

    site: str
    camera: str
    taken_ms: int
    why: Why
    state: State
    cause: Cause | None
    size: int
    light: float | None = None

    @property
    def key(self) -> CameraKey:
        """Its site and camera."""
        return self.site, self.camera

    @property
    def id(self) -> str:
        """By what it is found again, as in an address: `site/camera/taken_ms`."""
        return f"{self.site}/{self.camera}/{self.taken_ms}"

    @property
    def is_true(self) -> bool:
        """True if it shows what the camera is there to show: not black, frozen, covered, moved and so on."""
        return self.state in _TRUE

    @property
    def name(self) -> str:
        """The name of its file in the camera's folder."""
        return f"{self.taken_ms}.{self.why}.{self.condition}{_SUFFIX}"

    @property
    def condition(self) -> str:
        """The cause, or without one the state."""
        return str(self.cause or self.state)


def read_condition(text: str) -> tuple[State, Cause | None] | None:
    """Return the state and cause that a condition names, or None if it names none."""
    cause = CAUSES.get(text)
    if cause is not None:
        return STATE_OF[cause], cause
    state = _STATES.get(text)
    return (state, None) if state is not None else None


def parse_name(key: CameraKey, name: str, size: int) -> Snapshot | None:
    """Return what a file in a camera's folder is, or None if its name is none of ours."""
    parts = name.removesuffix(_SUFFIX).split(".")
    if not name.endswith(_SUFFIX) or len(parts) != 3 or not parts[0].isascii() or not parts[0].isdecimal():
        return None
    condition = read_condition(parts[2])
    if condition is None or parts[1] not in tuple(Why) or len(parts[0]) > 15:
        return None
    return Snapshot(*key, int(parts[0]), Why(parts[1]), *condition, size)


def parse_id(text: str) -> tuple[CameraKey, int] | None:
    """Return the camera and the time (UTC ms) of an id, or None if it is none."""
    parts = text.split("/")
    if len(parts) != 3 or not all(SLUG.fullmatch(part) for part in parts[:2]):
        return None
    if not parts[2].isascii() or not parts[2].isdecimal() or len(parts[2]) > 15:
        return None
    return (parts[0], parts[1]), int(parts[2])
