"""Sets of moments as sorted spans that do not touch. A span includes its beginning and not its end; UTC ms."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol, TypeVar

FOREVER_MS = 1 << 60
"""The end of a span that does not end."""
_AFTER_ALL_MS = FOREVER_MS + 1


class Span(NamedTuple):
    """A stretch of time, UTC ms."""

    from_ms: int
    to_ms: int


class _Timed(Protocol):
    @property
    def from_ms(self) -> int: ...

    @property
    def to_ms(self) -> int: ...


_Stretch = TypeVar("_Stretch", bound=_Timed)


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the moments that lie in any of the spans, which may overlap and be in any order."""
    joined: list[Span] = []
    for span in sorted(spans):
        if span.from_ms >= span.to_ms:
            continue
        if joined and span.from_ms <= joined[-1].to_ms:
            if span.to_ms > joined[-1].to_ms:
                joined[-1] = Span(joined[-1].from_ms, span.to_ms)
        else:
            joined.append(span)
    return joined


def between(spans: Sequence[Span]) -> list[Span]:
    """Return the gaps between the spans of a set."""
    return [Span(one.to_ms, following.from_ms) for one, following in pairwise(spans)]


def near(spans: Sequence[_Stretch], bound: Span) -> Iterator[_Stretch]:
    """Yield the stretches that have a moment in common with `bound`; they are in order and do not overlap."""
    for i in range(max(bisect_right(spans, bound.from_ms, key=_beginning) - 1, 0), len(spans)):
        if spans[i].from_ms >= bound.to_ms:
            return
        if spans[i].to_ms > bound.from_ms:
            yield spans[i]


def within(spans: Sequence[Span], bound: Span) -> Iterator[Span]:
    """Yield the parts of a set's spans that lie in `bound`."""
    for span in near(spans, bound):
        yield Span(max(span.from_ms, bound.from_ms), min(span.to_ms, bound.to_ms))


def split(span: Span, at: Sequence[Span]) -> Iterator[tuple[Span, bool]]:
    """Yield the parts of a span, each with True if it lies in the set `at`, and with False if it lies outside."""
    from_ms = span.from_ms
    i = bisect_right(at, (from_ms, _AFTER_ALL_MS))  # as tuples, without asking Python for a key
    if (i == 0 or at[i - 1].to_ms <= from_ms) and (i == len(at) or at[i].from_ms >= span.to_ms):
        if from_ms < span.to_ms:
            yield span, False
        return
    if i > 0 and at[i - 1].to_ms >= span.to_ms > from_ms:
        yield span, True
        return
    for part in within(at, span):
        if part.from_ms > from_ms:
            yield Span(from_ms, part.from_ms), False
        yield part, True
        from_ms = part.to_ms
    if from_ms < span.to_ms:
        yield Span(from_ms, span.to_ms), False


def subtract(spans: Iterable[Span], taken: Sequence[Span]) -> list[Span]:
    """Return the moments of `spans` that are not in the set `taken`."""
    return [part for span in spans for part, is_taken in split(span, taken) if not is_taken]


def _beginning(stretch: _Timed) -> int:
    return stretch.from_ms
