"""Which of a site's batches came: each has a number, counted within a boot of its agent.

Live batches come first after a break and the backlog follows, so a gap may be filled later.
"""

from msgspec import Struct, field

_MOST_BOOTS = 4
_MOST_GAPS = 64


class Run(Struct):
    """One boot's batches: those up to `newest` have come, except for the `gaps` (first and last number)."""

    boot: str
    newest: int
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def take(self, seq: int) -> bool:
        """Notes a batch; False if it had come before."""
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
        """How many have not come."""
        return sum(last - first + 1 for first, last in self.gaps)


class Sequences(Struct):
    """A site's latest boots. What is missing of older ones is `lost` for good."""

    runs: list[Run] = field(default_factory=list)
    lost: int = 0

    def take(self, boot: str, seq: int) -> bool:
        """Notes a batch; False if it had come before, so that it is a duplicate."""
        run = self._run(boot)
        if run is None:
            self.runs.append(Run(boot, seq, [(0, seq - 1)] if self.runs and seq else []))
            self._forget()
            return True
        taken = run.take(seq)
        if len(run.gaps) > _MOST_GAPS:
            first, last = run.gaps.pop(0)
            self.lost += last - first + 1
        return taken

    def newest(self, boot: str) -> int:
        """The highest number that has come of a boot; -1 for none."""
        run = self._run(boot)
        return run.newest if run else -1

    def missing(self) -> int:
        """How many batches are missing in all."""
        return self.lost + sum(run.missing() for run in self.runs)

    def _run(self, boot: str) -> Run | None:
        return next((run for run in reversed(self.runs) if run.boot == boot), None)

    def _forget(self) -> None:
        while len(self.runs) > _MOST_BOOTS:
            self.lost += self.runs.pop(0).missing()
