"""Acknowledged batches that the broker may not have written yet."""

from pantau_agent.clock import Clock

BROKER_WRITES_WITHIN_S = 60
"""Seconds after an acknowledgement by which the broker has the batch on its own disk, and may die.

mosquitto writes each `autosave_interval`, 30 s as we set it up.
"""


class Acknowledgements:
    """The batches that the broker has acknowledged and that are still in the spool, and when it did."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._acknowledged_at: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._acknowledged_at)

    def __contains__(self, batch_id: int) -> bool:
        return batch_id in self._acknowledged_at

    def add(self, batch_id: int) -> None:
        """Record that the broker has acknowledged a batch now."""
        self._acknowledged_at[batch_id] = self._clock.monotonic()

    def written_by_broker(self) -> list[int]:
        """Return the batches that were acknowledged so long ago that the broker has written them."""
        before = self._clock.monotonic() - BROKER_WRITES_WITHIN_S
        return [batch_id for batch_id, at in self._acknowledged_at.items() if at <= before]

    def discard(self, batch_id: int) -> bool:
        """Forget a batch, and return whether it was acknowledged."""
        return self._acknowledged_at.pop(batch_id, None) is not None

    def keep_only_written(self) -> None:
        """Withdraw the acknowledgements of what the broker may not have written, because it was lost."""
        self._acknowledged_at = dict.fromkeys(self.written_by_broker(), 0.0)

    def count_after(self, batch_id: int) -> int:
        """Return how many batches after an id are acknowledged."""
        return sum(acknowledged > batch_id for acknowledged in self._acknowledged_at)
