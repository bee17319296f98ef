"""A camera's states over time as bands of a drawing: each state has a height of its own beside its colour."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from pantau_collector.ledger import Interval
from pantau_contract.states import State

WIDTH, HEIGHT = 1000, 24
"""The drawing's own units; the page stretches it to its width."""
_LEAST = 2.0
"""Units of width of a band at least, so that a minute of a month is seen."""
_HEIGHTS = {
    State.OK: 6,
    State.DISABLED: 6,
    State.UNKNOWN: 12,
    State.DEGRADED: 14,
    State.IMPAIRED: 19,
    State.DOWN: HEIGHT,
}


class Band(Struct, frozen=True):
    """A stretch of one state. `x`, `width` and `height` are units of the drawing; it stands on its bottom."""

    from_ms: int
    to_ms: int
    state: State
    cause: str | None
    x: float
    width: float
    height: int

    @property
    def y(self) -> int:
        """Where its top is."""
        return HEIGHT - self.height


class TimeLine(Struct, frozen=True):
    """The bands of a period (UTC ms) in the order in which they are drawn, and its ticks as `(x, time)`."""

    from_ms: int
    to_ms: int
    bands: tuple[Band, ...]
    ticks: tuple[tuple[float, int], ...]

    @property
    def troubles(self) -> list[Band]:
        """The bands in which the camera did not work, the latest first."""
        wrong = (each for each in self.bands if each.state not in {State.OK, State.DISABLED})
        return sorted(wrong, key=lambda each: -each.from_ms)

    def share(self, *states: State) -> float | None:
        """Return the part of the known time, 0 to 1, that was spent in these states; None if nothing is known."""
        known = sum(each.to_ms - each.from_ms for each in self.bands if each.state is not State.UNKNOWN)
        spent = sum(each.to_ms - each.from_ms for each in self.bands if each.state in states)
        return spent / known if known else None


def draw(intervals: Iterable[Interval], from_ms: int, to_ms: int, ticks_ms: Sequence[int]) -> TimeLine:
    """Return the bands of the intervals within a period; those that differ in state or cause are apart."""
    span = max(to_ms - from_ms, 1)
    bands: list[Band] = []
    for each in intervals:
        start_ms, end_ms = max(each.from_ms, from_ms), min(each.to_ms, to_ms)
        if start_ms >= end_ms:
            continue
        last = bands[-1] if bands else None
        if last and last.to_ms == start_ms and (last.state, last.cause) == (each.state, each.cause):
            bands.pop()
            start_ms = last.from_ms
        width = max((end_ms - start_ms) * WIDTH / span, _LEAST)
        x = min((start_ms - from_ms) * WIDTH / span, WIDTH - width)
        bands.append(
            Band(start_ms, end_ms, each.state, each.cause, round(x, 2), round(width, 2), _HEIGHTS[each.state])
        )
    bands.sort(key=lambda band: (band.height, band.from_ms))  # what is worst is drawn over what is well
    ticks = tuple((round((tick - from_ms) * WIDTH / span, 2), tick) for tick in ticks_ms)
    return TimeLine(from_ms, to_ms, tuple(bands), ticks)
