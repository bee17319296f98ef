"""Where to go on reading the journal."""

from pantau_collector.journal import Journal
from pantau_collector.store.fleet_rows import PipelineCursor

OVERLAP_MS = 120_000
"""Milliseconds of overlap when another collector's journal is continued in ours: the two clocks may differ."""


def resume_cursor(journal: Journal, saved: PipelineCursor | None) -> PipelineCursor:
    """Return the cursor in this journal that corresponds to the saved one.

    Positions are of one journal: if the saved cursor is of another collector's journal, the place in ours is found
    by the time. A cursor without a journal was saved before journals had names, when there was only one.
    """
    if saved is None:
        return PipelineCursor(journal.identity, 0, 0, 0.0)
    if saved.journal in {journal.identity, ""}:
        return saved._replace(journal=journal.identity)
    position = journal.position_at(saved.received_ms - OVERLAP_MS)
    return saved._replace(journal=journal.identity, position=position)
