"""What the spool dropped, until the collector knows: how many batches, and from when to when.

One batch at a time carries the report. It may be dropped itself before it is sent; the next report then covers
what it reported, and what was dropped since. So each dropped batch is reported once, however long an outage lasts,
and the reports of two batches do not overlap.
"""

import msgspec
from msgspec import Struct, field

from pantau_agent.spool.file import Batch
from pantau_contract.messages import Drop


class _Note(Struct):
    """The note's content: what no batch reports, and what the batch `reporter` reports, which has not arrived."""

    unreported: Drop | None = field(default=None, name="untold")
    reported: Drop | None = field(default=None, name="told")
    reporter: int | None = field(default=None, name="teller")


class Drops:
    """The drops to report. It has no effects: `note` is what to save, and what a `Drops` is restored from."""

    def __init__(self, note: str | None = None) -> None:
        try:
            self._content = msgspec.json.decode(note or "{}", type=_Note)
        except msgspec.MsgspecError:  # of another version; what it reported is part of the total count
            self._content = _Note()

    @property
    def note(self) -> str:
        """All of it, as text."""
        return msgspec.json.encode(self._content).decode()

    @property
    def to_report(self) -> Drop | None:
        """What the next batch should report; None if that is nothing, or a report is on its way."""
        return self._content.unreported if self._content.reporter is None else None

    def add(self, batch: Batch) -> None:
        """Record that a batch was dropped."""
        time_ms = max(0, batch.time_ms)
        self._add(Drop(1, time_ms, time_ms))
        if batch.id == self._content.reporter:
            reported = self._content.reported
            self.forget_report()
            if reported is not None:
                self._add(reported)

    def reported_by(self, batch_id: int) -> None:
        """Record that a batch that reports `to_report` is in the spool."""
        if (drop := self.to_report) is not None:
            self._content = _Note(None, drop, batch_id)

    def arrived(self, batch_id: int) -> None:
        """Record that a batch is where it can no longer be lost."""
        if batch_id == self._content.reporter:
            self.forget_report()

    def forget_report(self) -> None:
        """Forget the report on its way: it has arrived, or its batch is lost in a damaged file."""
        self._content = _Note(self._content.unreported)

    def _add(self, drop: Drop) -> None:
        known = self._content.unreported
        if known is not None:
            first, last = min(known.first, drop.first), max(known.last, drop.last)
            drop = Drop(known.batches + drop.batches, first, last)
        self._content.unreported = drop
