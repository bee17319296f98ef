"""Which batches of a site have arrived: each has a number, counted within a boot of its agent.

After an interruption the live batches come first and the backlog follows, so a gap may be filled later.
"""

from msgspec import Struct, field

_MAX_BOOTS = 4
"""Boots of an agent whose batches are tracked."""
_MAX_GAPS = 64
"""Gaps tracked per boot; the oldest beyond that are lost."""
_MAX_LOST = 1 << 53
"""Batches at which the number of the lost ones stays: an agent may claim any number, again and again."""


class BootSequence(Struct):
    """The batches of one boot: all up to `newest` have arrived, except the `gaps` (first and last number)."""

    boot: str
    newest: int
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def add(self, seq: int) -> bool:
        """Add a batch, and return False if it had arrived before."""
        if seq > self.newest:
            if seq > self.newest + 1:
                self.gaps.append((self.newest + 1, seq - 1))
            self.newest = seq
            return True
        for i, (first, last) in enumerate(self.gaps):
            if first <= seq <= last:
                self.gaps[i : i + 1] = [gap for gap in ((first, seq - 1), (seq + 1, last)) if gap[0] <= gap[1]]
                return True
        return False

    def missing(self) -> int:
        """Return how many batches have not arrived."""
        return sum(last - first + 1 for first, last in self.gaps)


class Sequences(Struct):
    """The latest boots of a site. The batches that older boots are missing are `lost` for good."""

    runs: list[BootSequence] = field(default_factory=list)
    lost: int = 0

    def add(self, boot: str, seq: int) -> bool:
        """Add a batch, and return False if it had arrived before, so that it is a duplicate."""
        run = self._run(boot)
        if run is None:
            self.runs.append(BootSequence(boot, seq, [(0, seq - 1)] if self.runs and seq else []))
            self._drop_old_boots()
            return True
        is_new = run.add(seq)
        if len(run.gaps) > _MAX_GAPS:
            first, last = run.gaps.pop(0)
            self._lose(last - first + 1)
        return is_new

    def newest(self, boot: str) -> int:
        """Return the highest number that has arrived from a boot, or -1 if there is none."""
        run = self._run(boot)
        return run.newest if run else -1

    def missing(self) -> int:
        """Return how many batches are missing in all."""
        return min(self.lost + sum(run.missing() for run in self.runs), _MAX_LOST)

    def _run(self, boot: str) -> BootSequence | None:
        return next((run for run in reversed(self.runs) if run.boot == boot), None)

    def _drop_old_boots(self) -> None:
        while len(self.runs) > _MAX_BOOTS:
            self._lose(self.runs.pop(0).missing())

    def _lose(self, batches: int) -> None:
        self.lost = min(self.lost + batches, _MAX_LOST)
