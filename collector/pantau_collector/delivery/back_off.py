"""When a channel or a letter that failed may be tried again: each delay is twice the one before."""

import random
from collections.abc import Callable
from typing import NamedTuple

from pantau_collector.notices.recipients import NoticeRules

ChannelKey = tuple[str, str]
"""A recipient's id, and the name of one of its URLs."""
Key = ChannelKey | int
"""A channel, or a letter's row in the outbox."""


class _BackOff(NamedTuple):
    """Failures in a row, and the earliest time (monotonic) of the next attempt."""

    failures: int = 0
    due: float = 0.0


class BackOffs:
    """The back-offs of all channels and letters that have failed."""

    def __init__(self, rules: NoticeRules, monotonic: Callable[[], float]) -> None:
        self._rules = rules
        self._monotonic = monotonic
        self._back_offs: dict[Key, _BackOff] = {}

    def failures(self, key: Key) -> int:
        """Return how often it failed in a row."""
        return self._back_offs.get(key, _BackOff()).failures

    def is_waiting(self, key: Key) -> bool:
        """Return True if it must not be tried again yet."""
        return self._back_offs.get(key, _BackOff()).due > self._monotonic()

    def record_failure(self, key: Key, failures: int) -> None:
        """Record a failure after so many `failures` in a row."""
        self._back_offs[key] = _BackOff(failures + 1, self._monotonic() + self._delay_s(failures))

    def clear(self, key: Key) -> None:
        """Forget the failures of a channel or letter."""
        self._back_offs.pop(key, None)

    def _delay_s(self, failures: int) -> float:
        """Return twice the previous delay, up to the longest one, less a random part of up to a quarter."""
        limit_s = min(self._rules.max_retry_s, self._rules.first_retry_s * 2 ** min(failures, 30))
        return float(limit_s * random.uniform(0.75, 1.0))
