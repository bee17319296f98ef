"""What the spool gave up, until the collector has been told: how much, and from when to when.

One batch at a time tells. It may be given up itself before it is sent; then the next tells of all that it told,
and of what was given up since. So each batch given up is told of once, however long an outage lasts, and what two
batches tell of does not overlap.
"""

import msgspec
from msgspec import Struct

from pantau_agent.spool.file import Batch
from pantau_contract.messages import Drop


class _Kept(Struct):
    """The note's content: what no batch tells of, and what the batch `teller` tells of, which has not arrived."""

    untold: Drop | None = None
    told: Drop | None = None
    teller: int | None = None


class Drops:
    """Pure. `note` is what is to be kept, and from what `Drops` is made again."""

    def __init__(self, note: str | None = None) -> None:
        try:
            self._kept = msgspec.json.decode(note or "{}", type=_Kept)
        except msgspec.MsgspecError:  # of another version: what it told of is in the count of all
            self._kept = _Kept()

    @property
    def note(self) -> str:
        """All of it, as text."""
        return msgspec.json.encode(self._kept).decode()

    @property
    def to_tell(self) -> Drop | None:
        """What the next batch is to tell of."""
        return self._kept.untold if self._kept.teller is None else None

    def given_up(self, batch: Batch) -> None:
        """A batch will never be sent."""
        time_ms = max(0, batch.time_ms)
        self._add(Drop(1, time_ms, time_ms))
        if batch.id == self._kept.teller:
            told = self._kept.told
            self.forget_teller()
            if told is not None:
                self._add(told)

    def told_by(self, batch_id: int) -> None:
        """A batch that tells of `to_tell` is in the spool."""
        if (drop := self.to_tell) is not None:
            self._kept = _Kept(None, drop, batch_id)

    def arrived(self, batch_id: int) -> None:
        """A batch is where it can no longer be lost."""
        if batch_id == self._kept.teller:
            self.forget_teller()

    def forget_teller(self) -> None:
        """The batch that tells has arrived; or is lost itself, in a damaged file."""
        self._kept = _Kept(self._kept.untold)

    def _add(self, drop: Drop) -> None:
        known = self._kept.untold
        if known is not None:
            first, last = min(known.first, drop.first), max(known.last, drop.last)
            drop = Drop(known.batches + drop.batches, first, last)
        self._kept.untold = drop
