"""The settings of one camera's picture judging."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pantau_contract.states import Cause


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """How one camera's pictures are judged.

    `sensitivity` multiplies the evidence of a fault: 1 leaves it, less than 1 is more patient, 0 is off, more
    than 1 is more sensitive. Faults in `report_only` are measured but never alarm. `moves_on_purpose` is for PTZ
    cameras: no fault that needs a fixed view alarms. For `learning_s` seconds only whole-picture faults alarm.
    `masked` regions are left out, each (left, top, right, bottom) in parts of the picture's width and height; so
    are `private` ones, which nobody may see.
    """

    sensitivity: Mapping[Cause, float] = field(default_factory=dict)
    report_only: frozenset[Cause] = frozenset()
    moves_on_purpose: bool = False
    learning_s: float = 7200.0
    masked: tuple[tuple[float, float, float, float], ...] = ()
    private: tuple[tuple[float, float, float, float], ...] = ()


def memories_directory(spool: Path) -> Path:
    """Return the directory where an agent with this spool keeps what it remembers of its cameras."""
    return spool.with_name("pictures")
