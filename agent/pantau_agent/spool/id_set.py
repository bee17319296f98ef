"""A set of batch ids that lie close together, kept as ranges: a week of them takes no more memory than an hour."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class IdSet:
    """A set of whole numbers. Ranges are of the first and the last number in them."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._size = 0
        for first, last in sorted(ranges):
            start = max(first, self._lasts[-1] + 1) if self._lasts else first
            if start > last:
                continue
            if self._lasts and start == self._lasts[-1] + 1:
                self._lasts[-1] = last
            else:
                self._firsts.append(start)
                self._lasts.append(last)
            self._size += last - start + 1

    def __len__(self) -> int:
        return self._size

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges():
            yield from range(first, last + 1)

    def ranges(self) -> list[tuple[int, int]]:
        """Return the ranges in their order."""
        return list(zip(self._firsts, self._lasts, strict=True))

    def end_of_range(self, number: int) -> int:
        """Return the last number of the range that `number` is in, or `number` if it is in none."""
        at = bisect_right(self._firsts, number) - 1
        return self._lasts[at] if at >= 0 and number <= self._lasts[at] else number

    def between(self, first: int, last: int) -> list[int]:
        """Return the numbers from `first` to `last`, both included."""
        at = max(bisect_right(self._firsts, first) - 1, 0)
        found: list[int] = []
        while at < len(self._firsts) and self._firsts[at] <= last:
            found += range(max(first, self._firsts[at]), min(last, self._lasts[at]) + 1)
            at += 1
        return found

    def add(self, number: int) -> None:
        """Add a number, which may be there already."""
        at = bisect_right(self._firsts, number)
        if at and number <= self._lasts[at - 1]:
            return
        self._size += 1
        follows = at > 0 and self._lasts[at - 1] == number - 1
        precedes = at < len(self._firsts) and self._firsts[at] == number + 1
        if follows and precedes:
            self._lasts[at - 1] = self._lasts[at]
            del self._firsts[at], self._lasts[at]
        elif follows:
            self._lasts[at - 1] = number
        elif precedes:
            self._firsts[at] = number
        else:
            self._firsts.insert(at, number)
            self._lasts.insert(at, number)

    def discard(self, number: int) -> bool:
        """Remove a number, and return whether it was there."""
        at = bisect_right(self._firsts, number) - 1
        if at < 0 or number > self._lasts[at]:
            return False
        self._size -= 1
        first, last = self._firsts[at], self._lasts[at]
        if first == last:
            del self._firsts[at], self._lasts[at]
        elif number == first:
            self._firsts[at] = number + 1
        elif number == last:
            self._lasts[at] = number - 1
        else:
            self._lasts[at] = number - 1
            self._firsts.insert(at + 1, number + 1)
            self._lasts.insert(at + 1, last)
        return True
