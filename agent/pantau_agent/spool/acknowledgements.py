"""What became of the batches that were sent and are still in the spool.

A broker acknowledges a batch before it has written it, and before any collector has it. Only the collector's
receipt says that it has arrived. A broker delivers what one agent publishes on a topic in the order in which it
came: once a batch that was sent lately has arrived, one that was sent before it and has not is lost, or its
receipt is. It is sent again. While no receipts come at all, the collector is away and the broker keeps the
batches for it, so nothing is sent again.

Collectors before 0.3 give no receipts. Until an agent has had its first one, what the broker must have written
by now counts as arrived.
"""

from collections.abc import Iterable

from pantau_agent.clock import Clock
from pantau_agent.spool.id_set import IdSet

BROKER_WRITES_WITHIN_S = 60
"""Seconds after an acknowledgement by which the broker has the batch on its own disk, and may die.

mosquitto writes each `autosave_interval`, 30 s as we set it up.
"""
RECEIPT_WITHIN_S = 30.0
"""Seconds within which a receipt must come once a batch that was sent later has arrived."""
LONGEST_RECEIPT_WITHIN_S = 3600.0
"""The same for a batch that is sent again and again, because no collector can read it; it doubles each time."""


class Acknowledgements:
    """The batches of the spool that the broker has acknowledged or the collector has, by their ids.

    `has_receipts` is True once the collector is known to give receipts.
    """

    def __init__(self, clock: Clock, *, has_receipts: bool = False, held: Iterable[tuple[int, int]] = ()) -> None:
        """Continue after a restart: the broker holds the ranges of ids `held`."""
        self._clock = clock
        self.has_receipts = has_receipts
        self._recent: dict[int, float] = {}
        """When the broker acknowledged the batches that it may not have written yet, in that order."""
        self._held = IdSet(held)
        """The batches that it has written."""
        self._arrived: set[int] = set()
        self._overdue_at: dict[int, float] = {}
        self._receipt_within_s: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._recent) + len(self._held) + len(self._arrived)

    def __contains__(self, batch_id: int) -> bool:
        return batch_id in self._recent or batch_id in self._held or batch_id in self._arrived

    @property
    def held(self) -> list[tuple[int, int]]:
        """The ranges of ids that the broker has written and that must not be deleted yet."""
        return self._held.ranges() if self.has_receipts else []

    def add(self, batch_id: int) -> None:
        """Record that the broker has acknowledged a batch now."""
        if batch_id not in self._arrived and batch_id not in self._held:
            self._recent.pop(batch_id, None)
            self._recent[batch_id] = self._clock.monotonic()

    def add_arrived(self, batch_ids: Iterable[int]) -> None:
        """Record that the collector has batches of the spool."""
        now = self._clock.monotonic()
        self.has_receipts = True
        latest_sent = None
        for batch_id in batch_ids:
            sent = self._recent.pop(batch_id, None)
            if sent is not None:
                latest_sent = max(sent, latest_sent or sent)
            self._held.discard(batch_id)
            self._overdue_at.pop(batch_id, None)
            self._receipt_within_s.pop(batch_id, None)
            self._arrived.add(batch_id)
        if latest_sent is not None:
            earlier = [batch_id for batch_id, sent in self._recent.items() if sent < latest_sent]
            for batch_id in (*self._held, *earlier):
                self._overdue_at.setdefault(batch_id, now + self._receipt_within_s.get(batch_id, RECEIPT_WITHIN_S))

    def take_overdue(self) -> bool:
        """Let the batches wait again whose receipt is overdue, and return whether there are any."""
        now = self._clock.monotonic()
        overdue = [batch_id for batch_id, due in self._overdue_at.items() if due <= now]
        for batch_id in overdue:
            within_s = self._receipt_within_s.get(batch_id, RECEIPT_WITHIN_S)
            self.discard(batch_id)
            self._receipt_within_s[batch_id] = min(2 * within_s, LONGEST_RECEIPT_WITHIN_S)
        return bool(overdue)

    def deletable(self) -> list[int]:
        """Return the batches that the spool need not keep."""
        before = self._clock.monotonic() - BROKER_WRITES_WITHIN_S
        written = [batch_id for batch_id, at in self._recent.items() if at <= before]
        for batch_id in written:
            del self._recent[batch_id]
            self._held.add(batch_id)
        return list(self._arrived) if self.has_receipts else [*self._arrived, *self._held]

    def discard(self, batch_id: int) -> bool:
        """Forget what became of a batch, and return whether the broker or the collector had it."""
        known = batch_id in self
        self._recent.pop(batch_id, None)
        self._held.discard(batch_id)
        self._arrived.discard(batch_id)
        self._overdue_at.pop(batch_id, None)
        self._receipt_within_s.pop(batch_id, None)
        return known

    def distrust_broker(self) -> None:
        """Withdraw the acknowledgements of what the broker may not have written, because it was lost."""
        self.deletable()
        for batch_id in list(self._recent):
            self._overdue_at.pop(batch_id, None)
        self._recent.clear()

    def keep_only(self, present: IdSet) -> None:
        """Forget what became of batches that are not in the spool."""
        for batch_id in [*self._recent, *self._held, *self._arrived]:
            if batch_id not in present:
                self.discard(batch_id)

    def skip(self, batch_id: int) -> int:
        """Return the last id after `batch_id` before which the broker has written all."""
        return self._held.end_of_range(batch_id + 1) if batch_id + 1 in self._held else batch_id
