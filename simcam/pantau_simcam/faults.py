"""The faults that a simulated camera can have, and their parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class FaultError(ValueError):
    """A fault that does not exist, or a parameter that it cannot have; the message says what is expected."""


class Fault(StrEnum):
    """A way in which a camera fails. README.md describes how each one shows on the wire."""

    STALL = "stall"
    FREEZE = "freeze"
    BLACK = "black"
    OVEREXPOSED = "overexposed"
    DEFOCUSED = "defocused"
    COVERED = "covered"
    MOVED = "moved"
    COLOUR_CAST = "colour_cast"
    NOISY = "noisy"
    NO_SIGNAL = "no_signal"
    CORRUPT = "corrupt"
    SLOW_KEYFRAMES = "slow_keyframes"
    LOW_FPS = "low_fps"
    LOSS = "loss"
    REORDER = "reorder"
    RESTART = "restart"
    WRONG_CLOCK = "wrong_clock"
    NO_MEDIA = "no_media"
    DROP = "drop"
    REFUSE = "refuse"
    SILENT = "silent"
    GARBAGE = "garbage"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    FULL = "full"


ENDS_SESSIONS = frozenset({Fault.DROP, Fault.REFUSE, Fault.UNAUTHORIZED, Fault.NOT_FOUND, Fault.FULL})
"""Faults that close the connections that are open when they are set."""

MOMENTARY = frozenset({Fault.DROP, Fault.RESTART})
"""Faults that happen once and end by themselves."""

WITHHOLDS_MEDIA = frozenset({Fault.STALL, Fault.NO_MEDIA, Fault.SILENT, Fault.GARBAGE})
"""Faults during which no RTP or RTCP packet is sent."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """The one number that a fault may have, with its range."""

    name: str
    default: float
    least: float
    most: float


PARAMETERS: dict[Fault, Parameter] = {
    Fault.CORRUPT: Parameter("percent", 100, 1, 100),
    Fault.SLOW_KEYFRAMES: Parameter("seconds", 20, 1, 120),
    Fault.LOW_FPS: Parameter("fps", 2, 0.2, 60),
    Fault.LOSS: Parameter("percent", 5, 0, 100),
    Fault.REORDER: Parameter("percent", 10, 0, 100),
    Fault.WRONG_CLOCK: Parameter("seconds", 300, -1e9, 1e9),
}


@dataclass(frozen=True, slots=True)
class FaultSetting:
    """A fault and its parameter (0 if it has none)."""

    fault: Fault
    amount: float = 0

    @classmethod
    def of(cls, fault: object, parameters: Mapping[str, object]) -> Self:
        """Validate a fault and its parameters as they came from outside.

        Raises:
            FaultError: the fault does not exist, has no such parameter, or the number is out of range.
        """
        try:
            kind = Fault(fault)  # type: ignore[arg-type] # a wrong type is rejected like a wrong name
        except ValueError:
            raise FaultError(f"fault {fault!r} does not exist; it must be one of {', '.join(Fault)}") from None
        parameter = PARAMETERS.get(kind)
        for name in parameters:
            if parameter is None or name != parameter.name:
                takes = f"takes only {parameter.name!r}" if parameter else "takes no parameter"
                raise FaultError(f"fault {kind.value!r} {takes}, not {name!r}")
        if parameter is None:
            return cls(kind)
        amount = parameters.get(parameter.name, parameter.default)
        right = isinstance(amount, int | float) and not isinstance(amount, bool)
        if not right or not parameter.least <= float(amount) <= parameter.most:  # type: ignore[arg-type] # checked above
            expected = f"must be a number from {parameter.least:g} to {parameter.most:g}"
            raise FaultError(f"{parameter.name!r} of fault {kind.value!r} {expected}, not {amount!r}")
        return cls(kind, float(amount))  # type: ignore[arg-type] # checked above

    def as_json(self) -> dict[str, str | float]:
        """Return the setting as `{"fault": "loss", "percent": 5}`."""
        parameter = PARAMETERS.get(self.fault)
        return {"fault": self.fault.value} | ({parameter.name: self.amount} if parameter else {})
