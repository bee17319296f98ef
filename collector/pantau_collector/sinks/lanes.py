"""What of the journal goes to the store next: what is new first, what is old between.

    B ........... S ----------- L ........ end
      nothing of     late ones     nothing of
      it is there    are missing   it is there

The live lane reads from L and leaves out what is late (an agent's backlog). The backlog lane reads from B: all up
to S, then what is late up to L; when it comes to L there is one lane again. Where the live lane itself cannot keep
up (the store was away) it leaps to the journal's end, and what it leapt over is backlog. What it had delivered
already may then be delivered again, which changes nothing.
"""

from dataclasses import dataclass, replace

LIVE_BYTES = 2 << 20
"""With more than this behind a full batch of its own, the live lane leaps."""
SKIM_BYTES = 64 << 20
"""More than this is not even looked through for what is not late."""
LIVE_TURNS = 3
"""Full batches of the live lane for one of the backlog; where they are not full, it is one each."""


BACKLOG_TURN_S = 0.25
"""About so long the live lane waits for a batch of the backlog, however slow the store is."""
_LEAST_LINES, _MOST_LINES = 500, 5000


def backlog_lines(lines: int, seconds: float) -> int:
    """How many lines the backlog's next batch has, after one of so many `lines` took so long."""
    return round(min(max(lines * BACKLOG_TURN_S / max(seconds, 1e-6), _LEAST_LINES), _MOST_LINES))


@dataclass(frozen=True, slots=True)
class Lanes:
    """Positions in the journal, `backlog` <= `since` <= `live`: B, S and L above. `turns` outlives no restart."""

    backlog: int
    since: int
    live: int
    turns: int = 0

    @classmethod
    def at(cls, positions: tuple[int, ...], end: int) -> "Lanes":
        """From what was kept: three positions, or one of a sink with one lane; none lies behind the `end`."""
        backlog = min(positions[0], end)
        match positions:
            case (_, since, live) if backlog <= since <= live <= end:
                return cls(backlog, since, live)
        return cls(backlog, backlog, backlog)

    @property
    def positions(self) -> tuple[int, int, int]:
        """What is to be kept."""
        return self.backlog, self.since, self.live

    @property
    def is_one(self) -> bool:
        """Whether there is no backlog."""
        return self.backlog == self.live

    @property
    def backlog_is_late(self) -> bool:
        """Whether of the backlog lane's next batch only what is late is wanted."""
        return self.backlog >= self.since

    @property
    def backlog_end(self) -> int:
        """Where the backlog lane's next batch ends at the latest."""
        return self.live if self.backlog_is_late else self.since

    @property
    def is_backlogs_turn(self) -> bool:
        """Whether the backlog's batch is next, and the live lane's after it."""
        return not self.is_one and self.turns >= LIVE_TURNS

    def before_live(self, end: int) -> "Lanes":
        """Before the live lane reads."""
        return self._leapt(end) if end - self.live > SKIM_BYTES else self

    def after_live(self, position: int, *, left_late: bool, is_full: bool, end: int) -> "Lanes":
        """The store has what is not late up to `position`, and all of it unless some was left."""
        if self.is_one and not left_late:
            after = Lanes(position, position, position)
        else:
            since = self.live if self.is_one else self.since
            turns = self.turns + 1 if is_full else LIVE_TURNS
            after = Lanes(self.backlog, since, max(position, self.live), turns)
        return after._leapt(end) if is_full and end - position > LIVE_BYTES else after

    def after_backlog(self, position: int) -> "Lanes":
        """The store has what was wanted of the backlog up to `position`."""
        return Lanes(position, max(position, self.since), max(position, self.live))

    def _leapt(self, end: int) -> "Lanes":
        return replace(self, since=end, live=end)
