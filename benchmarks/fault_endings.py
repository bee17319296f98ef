"""The report that each of simcam's faults must lead to, and what determines how soon."""

from dataclasses import dataclass

from pantau_contract.states import STATE_OF, Cause, State
from pantau_simcam import Fault


@dataclass(frozen=True, slots=True)
class Ending:
    """The expected result of a fault: any one of `causes`, or no outage if there are none.

    `picture` is True if only a decoded picture shows the fault. `decides` describes what the time depends on,
    apart from the sample each second.
    """

    causes: frozenset[Cause]
    decides: str
    picture: bool = False

    @property
    def states(self) -> frozenset[State]:
        """The states that belong to the causes."""
        return frozenset(STATE_OF[cause] for cause in self.causes)


def _stream(cause: Cause, decides: str) -> Ending:
    return Ending(frozenset({cause}), decides)


def _picture(cause: Cause, decides: str) -> Ending:
    return Ending(frozenset({cause}), f"picture interval, then {decides}", picture=True)


ENDINGS: dict[Fault, Ending] = {
    Fault.STALL: _stream(Cause.STALLED, "3 s without a packet"),
    Fault.NO_MEDIA: _stream(Cause.STALLED, "3 s without a packet"),
    Fault.REFUSE: _stream(Cause.REFUSED, "3 s for a connection to come back"),
    Fault.SILENT: _stream(Cause.TIMEOUT, "told as stalled first; the cause at the camera's timeout, 10 s"),
    Fault.GARBAGE: _stream(Cause.WRONG_PROTOCOL, "3 s for a connection to come back"),
    Fault.UNAUTHORIZED: _stream(Cause.AUTH_FAILED, "3 s for a connection to come back"),
    Fault.NOT_FOUND: _stream(Cause.NOT_FOUND, "3 s for a connection to come back"),
    Fault.FULL: _stream(Cause.SESSIONS_FULL, "3 s for a connection to come back; the next try after 60 s"),
    Fault.DROP: Ending(frozenset(), "back within 3 s: no outage"),
    Fault.RESTART: Ending(frozenset(), "another SSRC and timestamps: no outage"),
    Fault.REORDER: Ending(frozenset(), "what comes late is not lost: no outage"),
    Fault.LOSS: _stream(Cause.PACKET_LOSS, "3 packets lost, 1 % of 4 s; ends 15 s after it"),
    Fault.LOW_FPS: _stream(Cause.LOW_FPS, "70 % of the expected, over 4 s; two looks; ends 15 s after it"),
    Fault.WRONG_CLOCK: _stream(Cause.CLOCK_WRONG, "RTCP reports, at once; two looks; ends after 15 s"),
    Fault.SLOW_KEYFRAMES: _stream(Cause.LONG_GOP, "1.5 times the expected interval; ends 15 s after it"),
    Fault.NO_SIGNAL: _picture(Cause.NO_SIGNAL, "2 pictures over 4 s, or 1 where the sizes bear it out"),
    Fault.BLACK: _picture(Cause.BLACK, "3 pictures over 4 s, or 2 where the sizes bear it out"),
    Fault.FREEZE: _picture(Cause.FROZEN, "the next keyframe, then as black, or 1 where the sizes bear it out"),
    Fault.OVEREXPOSED: _picture(Cause.OVEREXPOSED, "4 pictures over 20 s"),
    Fault.NOISY: _picture(Cause.NOISY, "4 pictures over 20 s"),
    Fault.CORRUPT: Ending(
        frozenset({Cause.CORRUPTED, Cause.UNDECODABLE}),
        "picture interval, then 4 pictures over 30 s",
        picture=True,
    ),
    Fault.MOVED: _picture(Cause.MOVED, "6 pictures over 50 s"),
    Fault.COVERED: _picture(Cause.COVERED, "6 pictures over 50 s"),
    Fault.DEFOCUSED: _picture(Cause.DEFOCUSED, "6 pictures over 50 s"),
    Fault.COLOUR_CAST: _picture(Cause.COLOUR_CAST, "6 pictures over 50 s"),
}
