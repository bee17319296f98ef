"""Which measures are kept, and what is kept of each in five minutes: how many, their mean, and the worst."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from msgspec import Struct, field

from pantau_contract.messages import Sample
from pantau_contract.states import Cause

SLOT_MS = 300_000
"""Milliseconds of one slot. Slots begin at multiples of it, UTC."""

Measure = Literal["fps", "bitrate_kbps", "rtp_loss_pct", "jitter_ms", "clock_offset_s", "evidence"]

MEASURES: Mapping[Measure, Callable[[float, float], bool]] = {
    "fps": lambda value, worst: value < worst,
    "bitrate_kbps": lambda value, worst: value < worst,
    "rtp_loss_pct": lambda value, worst: value > worst,
    "jitter_ms": lambda value, worst: value > worst,
    "clock_offset_s": lambda value, worst: abs(value) > abs(worst),
    "evidence": lambda value, worst: value > worst,
}
"""The measures, and whether a value of each is worse than another. `evidence` is the strongest of any, 0 to 1."""


class Figures(NamedTuple):
    """The values of one measure in a slot: how many there were, their mean, and the worst of them."""

    number: int
    mean: float
    worst: float


class Slot(Struct):
    """What was measured of a camera in the five minutes from `start_ms` (UTC) on.

    `fault` is the picture fault that the worst evidence is about. A measure without values is absent.
    """

    start_ms: int
    figures: dict[Measure, Figures] = field(default_factory=dict)
    fault: Cause | None = None

    def add(self, sample: Sample) -> None:
        """Add what a sample says."""
        for measure in MEASURES:
            value = None if measure == "evidence" else getattr(sample, measure)
            if value is not None:
                self._put(measure, Figures(1, value, value))
        if sample.evidence:
            fault = max(sample.evidence, key=lambda each: sample.evidence[each] if sample.evidence else 0.0)
            self._put("evidence", Figures(1, sample.evidence[fault], sample.evidence[fault]), _cause(fault))

    def merge(self, other: "Slot") -> None:
        """Add what was measured in the same five minutes and is kept apart."""
        for measure, figures in other.figures.items():
            self._put(measure, figures, other.fault)

    def _put(self, measure: Measure, more: Figures, fault: Cause | None = None) -> None:
        known = self.figures.get(measure)
        if measure == "evidence" and (known is None or MEASURES[measure](more.worst, known.worst)):
            self.fault = fault
        self.figures[measure] = more if known is None else _joined(known, more, MEASURES[measure])


def _joined(one: Figures, other: Figures, is_worse: Callable[[float, float], bool]) -> Figures:
    number = one.number + other.number
    mean = (one.mean * one.number + other.mean * other.number) / number
    return Figures(number, mean, other.worst if is_worse(other.worst, one.worst) else one.worst)


def _cause(name: str) -> Cause | None:
    try:
        return Cause(name)
    except ValueError:
        return None
