"""Which part of the journal is written to the store next: new records first, old ones in between.

    B ........... S ----------- L ........ end
      nothing is    late records   nothing is
      written       are missing    written

The live lane reads from L and skips late records (an agent's backlog). The backlog lane reads from B: everything
up to S, then the late records up to L. When it reaches L, there is a single lane again. If the live lane itself
cannot keep up, because the store was away, it skips to the journal's end, and what it skipped becomes backlog.
Some of that may already be written, and is then written again, which changes nothing.
"""

from dataclasses import dataclass, replace

LIVE_BYTES = 2 << 20
"""Bytes of the journal after a full batch beyond which the live lane skips to the end."""
SCAN_BYTES = 64 << 20
"""Bytes of the journal beyond which the live lane skips to the end without scanning them for new records."""
LIVE_TURNS = 3
"""Full batches of the live lane for each batch of the backlog; batches that are not full alternate."""
BACKLOG_TURN_S = 0.25
"""Seconds for which the live lane waits, about, for a batch of the backlog, however slow the store is."""
_MIN_BACKLOG_LINES = 500
"""Lines of a batch of the backlog at least."""
_MAX_BACKLOG_LINES = 5000
"""Lines of a batch of the backlog at most."""


def backlog_lines(lines: int, seconds: float) -> int:
    """Return the number of lines of the backlog's next batch, after one of `lines` lines took `seconds`."""
    fitting = lines * BACKLOG_TURN_S / max(seconds, 1e-6)
    return round(min(max(fitting, _MIN_BACKLOG_LINES), _MAX_BACKLOG_LINES))


@dataclass(frozen=True, slots=True)
class Lanes:
    """Positions in the journal, `backlog` <= `since` <= `live`: B, S and L above.

    `turns` counts the live lane's batches since the last one of the backlog; a restart resets it.
    """

    backlog: int
    since: int
    live: int
    turns: int = 0

    @classmethod
    def at(cls, positions: tuple[int, ...], end: int) -> "Lanes":
        """Return the lanes for saved positions: three, or one if there was a single lane.

        No lane begins after `end`.
        """
        backlog = min(positions[0], end)
        match positions:
            case (_, since, live) if backlog <= since <= live <= end:
                return cls(backlog, since, live)
        return cls(backlog, backlog, backlog)

    @property
    def positions(self) -> tuple[int, int, int]:
        """The positions to save."""
        return self.backlog, self.since, self.live

    @property
    def is_single(self) -> bool:
        """True if there is no backlog."""
        return self.backlog == self.live

    @property
    def backlog_is_late(self) -> bool:
        """True if the backlog's next batch takes late records only."""
        return self.backlog >= self.since

    @property
    def backlog_end(self) -> int:
        """The position before which the backlog's next batch ends."""
        return self.live if self.backlog_is_late else self.since

    @property
    def is_backlogs_turn(self) -> bool:
        """True if the next batch is the backlog's."""
        return not self.is_single and self.turns >= LIVE_TURNS

    def before_live(self, end: int) -> "Lanes":
        """Return the lanes to use for a journal that ends at `end`, before the live lane reads."""
        return self._skip_to(end) if end - self.live > SCAN_BYTES else self

    def after_live(self, position: int, *, skipped_late: bool, is_full: bool, end: int) -> "Lanes":
        """Return the lanes after the live lane has written its records up to `position`.

        `skipped_late` is true if it skipped late records, and `is_full` if its batch was full.
        """
        if self.is_single and not skipped_late:
            after = Lanes(position, position, position)
        else:
            since = self.live if self.is_single else self.since
            turns = self.turns + 1 if is_full else LIVE_TURNS
            after = Lanes(self.backlog, since, max(position, self.live), turns)
        return after._skip_to(end) if is_full and end - position > LIVE_BYTES else after

    def after_backlog(self, position: int) -> "Lanes":
        """Return the lanes after the backlog lane has written its records up to `position`."""
        return Lanes(position, max(position, self.since), max(position, self.live))

    def _skip_to(self, end: int) -> "Lanes":
        return replace(self, since=end, live=end)
