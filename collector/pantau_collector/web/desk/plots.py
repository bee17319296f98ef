"""Measures of a camera over a day as drawings: the mean as a line, and what was worst in each five minutes."""

import math
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from pantau_collector.measures import MEASURES, Measure, Slot
from pantau_collector.measures.measure import SLOT_MS

WIDTH, HEIGHT = 1000, 120
"""The drawing's own units; the page stretches it to its width."""
_HOUR_MS = 3_600_000
_LEAST_RANGE: Mapping[Measure, float] = {
    "fps": 5.0,
    "bitrate_kbps": 100.0,
    "rtp_loss_pct": 1.0,
    "jitter_ms": 10.0,
    "clock_offset_s": 2.0,
    "evidence": 1.0,
}
"""How far the scale of each measure reaches at least, so that nothing small looks large."""


class Plot(Struct, frozen=True):
    """One measure over a period. The lines hold points as SVG has them, each without a gap.

    `low` and `high` are the ends of the scale; `last`, `mean` and `worst` are values, None if there is none.
    """

    measure: Measure
    low: float
    high: float
    means: tuple[str, ...]
    worsts: tuple[str, ...]
    last: float | None
    mean: float | None
    worst: float | None

    @property
    def zero(self) -> float:
        """Where zero is, from the top."""
        return _y(0.0, self.low, self.high)


class Hour(Struct, frozen=True):
    """What was measured in the hour from `start_ms` on: the mean and the worst of each measure that was."""

    start_ms: int
    values: dict[Measure, tuple[float, float]]


def plots(slots: Sequence[Slot], from_ms: int, to_ms: int) -> tuple[Plot, ...]:
    """Return a drawing for each measure of which there is any value in a period (UTC ms)."""
    found = (_plot(measure, slots, from_ms, to_ms) for measure in MEASURES)
    return tuple(plot for plot in found if plot is not None)


def hours(slots: Iterable[Slot]) -> tuple[Hour, ...]:
    """Return the same as numbers, the latest hour first."""
    merged: dict[int, Slot] = {}
    for slot in slots:
        start_ms = slot.start_ms - slot.start_ms % _HOUR_MS
        merged.setdefault(start_ms, Slot(start_ms)).merge(slot)
    return tuple(
        Hour(start_ms, {key: (each.mean, each.worst) for key, each in merged[start_ms].figures.items()})
        for start_ms in sorted(merged, reverse=True)
    )


def _plot(measure: Measure, slots: Sequence[Slot], from_ms: int, to_ms: int) -> Plot | None:
    known = [(slot.start_ms, slot.figures[measure]) for slot in slots if measure in slot.figures]
    if not known:
        return None
    values = [value for _, figures in known for value in (figures.mean, figures.worst)]
    low, high = _scale(min(0.0, *values), max(0.0, *values), _LEAST_RANGE[measure])
    span = max(to_ms - from_ms, 1)
    means: list[list[str]] = []
    worsts: list[list[str]] = []
    before_ms = -SLOT_MS
    for start_ms, figures in known:
        if start_ms - before_ms > 2 * SLOT_MS:
            means.append([])
            worsts.append([])
        before_ms = start_ms
        x = (start_ms + SLOT_MS / 2 - from_ms) * WIDTH / span
        for line, value in ((means[-1], figures.mean), (worsts[-1], figures.worst)):
            line.append(f"{x:.1f},{_y(value, low, high):.1f}")
    count = sum(figures.number for _, figures in known)
    is_worse = MEASURES[measure]
    worst = known[0][1].worst
    for _, figures in known:
        worst = figures.worst if is_worse(figures.worst, worst) else worst
    return Plot(
        measure=measure,
        low=low,
        high=high,
        means=tuple(map(_points, means)),
        worsts=tuple(map(_points, worsts)),
        last=known[-1][1].mean,
        mean=sum(figures.mean * figures.number for _, figures in known) / count,
        worst=worst,
    )


def _points(line: list[str]) -> str:
    """Return a line's points; a single one becomes a short line, so that it is seen."""
    if len(line) > 1:
        return " ".join(line)
    x, _, y = line[0].partition(",")
    return f"{float(x) - 1.5:.1f},{y} {float(x) + 1.5:.1f},{y}"


def _scale(low: float, high: float, least: float) -> tuple[float, float]:
    """Return round ends of a scale that includes the values."""
    reach = max(high - low, least)
    step = 10.0 ** math.floor(math.log10(reach))
    step = next(step * part for part in (0.2, 0.5, 1.0, 2.0, 5.0) if reach / (step * part) <= 6)
    high = max(high, low + least) if low >= 0 else high
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _y(value: float, low: float, high: float) -> float:
    return HEIGHT * (high - value) / (high - low) if high > low else HEIGHT
