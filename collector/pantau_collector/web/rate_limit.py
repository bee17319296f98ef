"""Limits how often one address may ask, by a token bucket for each."""

from typing import NamedTuple

_MAX_ADDRESSES = 4096
"""Addresses that are remembered at most."""


class Rate(NamedTuple):
    """So many requests at once, and so many a second after them."""

    burst: float
    per_s: float


class RateLimit:
    """The buckets of all addresses. The one that asked longest ago is forgotten first: its is full again."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: dict[str, tuple[float, float]] = {}

    def admit(self, address: str, now_s: float) -> bool:
        """Return True if the address may ask now (monotonic seconds), and count it."""
        left, seen_s = self._buckets.pop(address, (self._rate.burst, now_s))
        left = min(left + (now_s - seen_s) * self._rate.per_s, self._rate.burst)
        admitted = left >= 1
        self._buckets[address] = (left - 1 if admitted else left, now_s)
        if len(self._buckets) > _MAX_ADDRESSES:
            del self._buckets[next(iter(self._buckets))]
        return admitted
