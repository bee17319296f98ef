"""The agent's batches, as runs of consecutive numbers.

Each batch covers the time from its beginning to its end. Which batches have arrived is a set, so the runs are the
same in whatever order they arrive.
"""

from bisect import bisect_right
from collections.abc import Iterable

from msgspec import Struct

HELD_UP_MS = 30_000
"""Milliseconds by which a report may be late, as on a busy machine, before the agent counts as not running."""


class Run(Struct, frozen=True):
    """Batches `first_seq` to `last_seq` of one boot, which cover `from_ms` to `to_ms`.

    All have the same interval. `late`: they arrived so long after they were made that the control room did not see
    the site; the first of them at `arrived_ms`, which is 0 for batches in time. `starts`: the first
    one is the first of an agent that has just started.
    """

    first_seq: int
    last_seq: int
    from_ms: int
    to_ms: int
    interval_ms: int
    late: bool
    starts: bool
    arrived_ms: int = 0


def merge(runs: Iterable[Run], batches: Iterable[Run]) -> list[Run]:
    """Return the runs of a boot with further batches, each a run of one. A number that is there already stays."""
    known = sorted(runs, key=lambda run: run.first_seq)
    firsts = [run.first_seq for run in known]
    new: dict[int, Run] = {}
    for batch in batches:
        i = bisect_right(firsts, batch.first_seq) - 1
        if i < 0 or known[i].last_seq < batch.first_seq:
            seq = batch.first_seq
            new[seq] = min(new.get(seq, batch), batch, key=lambda run: (run.to_ms, run.from_ms))
    joined: list[Run] = []
    for run in sorted([*known, *new.values()], key=lambda run: run.first_seq):
        if joined and _continues(joined[-1], run):
            joined[-1] = _joined(joined[-1], run)
        else:
            joined.append(run)
    return joined


def follows(run: Run, following: Run) -> bool:
    """Return True if the agent ran on from one run to the next, so that no gap is between them."""
    gap_ms = following.from_ms - run.to_ms
    return (
        following.first_seq == run.last_seq + 1
        and not following.starts
        and -following.interval_ms <= gap_ms <= HELD_UP_MS
    )


def _continues(run: Run, following: Run) -> bool:
    same = (run.late, run.interval_ms) == (following.late, following.interval_ms)
    return same and follows(run, following)


def _joined(run: Run, following: Run) -> Run:
    return Run(
        run.first_seq,
        following.last_seq,
        run.from_ms,
        following.to_ms,
        run.interval_ms,
        run.late,
        run.starts,
        min(run.arrived_ms, following.arrived_ms),
    )
