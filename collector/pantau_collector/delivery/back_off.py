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
    """The back-offs of all channels and letters that have failed.

    A channel waits as a whole only after two different letters have failed on it in a row: a letter that fails
    alone may be what the service refuses.
    """

    def __init__(self, rules: NoticeRules, monotonic: Callable[[], float]) -> None:
        self._rules = rules
        self._monotonic = monotonic
        self._back_offs: dict[Key, _BackOff] = {}
        self._failed_letters: dict[ChannelKey, set[int]] = {}

    def failures(self, key: Key) -> int:
        """Return how often it failed in a row."""
        return self._back_offs.get(key, _BackOff()).failures

    def is_waiting(self, key: Key) -> bool:
        """Return True if it must not be tried again yet."""
        return self._back_offs.get(key, _BackOff()).due > self._monotonic()

    def must_wait(self, channel: ChannelKey, letter: int) -> bool:
        """Return True if a letter must not be tried on a channel yet."""
        others = self._failed_letters.get(channel, set()) - {letter}
        alone = not others or (len(others) == 1 and not self.failures(letter))
        return self.is_waiting(letter) or (not alone and self.is_waiting(channel))

    def record_failure(self, channel: ChannelKey, letter: int, attempts: int) -> None:
        """Record that a letter failed on a channel, after so many `attempts` before."""
        self._record(channel, self.failures(channel))
        self._record(letter, attempts)
        self._failed_letters.setdefault(channel, set()).add(letter)

    def clear(self, channel: ChannelKey, letter: int) -> None:
        """Forget the failures of a channel that works, and of a letter that it has accepted or refused."""
        self._back_offs.pop(channel, None)
        self._failed_letters.pop(channel, None)
        self._back_offs.pop(letter, None)

    def forget_letter(self, channel: ChannelKey, letter: int) -> None:
        """Forget a letter that is not tried again; other letters need not wait because of it."""
        self._back_offs.pop(letter, None)
        self._failed_letters.get(channel, set()).discard(letter)

    def _record(self, key: Key, failures: int) -> None:
        self._back_offs[key] = _BackOff(failures + 1, self._monotonic() + self._delay_s(failures))

    def _delay_s(self, failures: int) -> float:
        """Return twice the previous delay, up to the longest one, less a random part of up to a quarter."""
        limit_s = min(self._rules.max_retry_s, self._rules.first_retry_s * 2 ** min(failures, 30))
        return float(limit_s * random.uniform(0.75, 1.0))
