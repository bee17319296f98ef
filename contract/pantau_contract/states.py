"""States of a camera and their causes.

`ok`: the camera works as expected; `degraded`: it works, but worse than expected; `impaired`: it streams, but the
picture is not true; `down`: it shows nothing; `unknown`: nobody knows; `disabled`: its owner switched it off. Each
cause belongs to exactly one state. Their meanings and remedies for people are in `words/`.
"""

from enum import StrEnum


class State(StrEnum):
    """The state of a camera as reported by its agent, or by the collector if the agent is gone."""

    OK = "ok"
    DEGRADED = "degraded"
    IMPAIRED = "impaired"
    DOWN = "down"
    UNKNOWN = "unknown"
    DISABLED = "disabled"


class Cause(StrEnum):
    """Why a camera is not `ok`."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    AUTH_FAILED = "auth_failed"
    LOCKED_OUT = "locked_out"
    SESSIONS_FULL = "sessions_full"
    NOT_FOUND = "not_found"
    WRONG_PROTOCOL = "wrong_protocol"
    UNSUPPORTED = "unsupported"
    NO_MEDIA = "no_media"
    FLOODING = "flooding"
    STALLED = "stalled"
    UNDECODABLE = "undecodable"
    ENCRYPTED = "encrypted"

    LOW_FPS = "low_fps"
    LOW_BITRATE = "low_bitrate"
    PACKET_LOSS = "packet_loss"
    JITTER = "jitter"
    LONG_GOP = "long_gop"
    CLOCK_WRONG = "clock_wrong"
    SLOW_START = "slow_start"

    FROZEN = "frozen"
    BLACK = "black"
    OVEREXPOSED = "overexposed"
    NO_SIGNAL = "no_signal"
    DEFOCUSED = "defocused"
    COVERED = "covered"
    MOVED = "moved"
    COLOUR_CAST = "colour_cast"
    CORRUPTED = "corrupted"
    NOISY = "noisy"

    STARTING = "starting"
    AGENT_GONE = "agent_gone"
    CLOCK_UNSET = "clock_unset"
    PAUSED = "paused"

    @classmethod
    def _missing_(cls, value: object) -> "Cause | None":
        """Look a name up among the former names, so that `Cause(...)` and the decoders understand them."""
        return next((cause for cause, former in WIRE_NAMES.items() if former == value), None)


WIRE_NAMES: dict[Cause, str] = {Cause.WRONG_PROTOCOL: "not_rtsp"}
"""Causes that are sent under a former name: a collector rejects a whole batch for a cause that it does not know.

A name leaves this table with the next version of the topics (`pantau/v2`).
"""

STAND_INS: dict[Cause, Cause] = {Cause.FLOODING: Cause.NO_MEDIA}
"""Causes newer than the topics' version, each with an older one of the same state, which is sent as `cause`.

The new one goes beside it as `exact_cause`, a field that collectors of earlier versions ignore.
"""


def current_name(cause: str) -> str:
    """Return the present name of a cause that was stored or configured by an earlier version."""
    return next((new.value for new, former in WIRE_NAMES.items() if former == cause), cause)


_CAUSES: dict[State, tuple[Cause, ...]] = {
    State.DOWN: (
        Cause.UNREACHABLE,
        Cause.REFUSED,
        Cause.TIMEOUT,
        Cause.AUTH_FAILED,
        Cause.LOCKED_OUT,
        Cause.SESSIONS_FULL,
        Cause.NOT_FOUND,
        Cause.WRONG_PROTOCOL,
        Cause.UNSUPPORTED,
        Cause.NO_MEDIA,
        Cause.FLOODING,
        Cause.STALLED,
        Cause.UNDECODABLE,
        Cause.ENCRYPTED,
    ),
    State.DEGRADED: (
        Cause.LOW_FPS,
        Cause.LOW_BITRATE,
        Cause.PACKET_LOSS,
        Cause.JITTER,
        Cause.LONG_GOP,
        Cause.CLOCK_WRONG,
        Cause.SLOW_START,
    ),
    State.IMPAIRED: (
        Cause.FROZEN,
        Cause.BLACK,
        Cause.OVEREXPOSED,
        Cause.NO_SIGNAL,
        Cause.DEFOCUSED,
        Cause.COVERED,
        Cause.MOVED,
        Cause.COLOUR_CAST,
        Cause.CORRUPTED,
        Cause.NOISY,
    ),
    State.UNKNOWN: (Cause.STARTING, Cause.AGENT_GONE, Cause.CLOCK_UNSET, Cause.PAUSED),
}

STATE_OF: dict[Cause, State] = {cause: state for state, causes in _CAUSES.items() for cause in causes}
"""The state that belongs to each cause."""

CAUSES: dict[str, Cause] = {cause.value: cause for cause in Cause}
"""All causes by their names."""
