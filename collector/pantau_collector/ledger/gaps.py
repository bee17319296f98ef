"""Why an agent reported nothing for a while.

A gap is a stretch that no batch covers. The starts of the agent within it divide it: before each start the agent
was not running since its last sign of life, and the start says why; from a start on it was running, although what
it measured has not arrived. An agent of an earlier version says nothing of its starts, and the numbers of its
batches and the uptime of its machine have to do.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from pantau_collector.ledger.bucket import Bucket, Evidence
from pantau_collector.ledger.facts import AgentStart, Boot
from pantau_collector.ledger.runs import HELD_UP_MS, Run, follows
from pantau_collector.ledger.spans import FOREVER_MS, Span, between, subtract, union

UNDERVOLTAGE_BEFORE_MS = 10 * 60_000
"""Milliseconds before a loss of power within which undervoltage is evidence of it."""
ENDED_BEFORE_MS = 2 * 60_000
"""Milliseconds after its last batch within which an agent that takes its leave has ended in order."""


class BootRun(NamedTuple):
    """A run of batches, and the boot in which they were made."""

    boot: str
    run: Run


class Gap(NamedTuple):
    """A stretch without batches, whose it is, and why."""

    from_ms: int
    to_ms: int
    bucket: Bucket
    evidence: Evidence


class Coverage(NamedTuple):
    """When a site was measured.

    `seen`: the batches arrived at once, and none that was made before was still under way. `reported`: they
    arrived at all. `gaps` is everything else, from 0 to for ever.
    """

    seen: list[Span]
    reported: list[Span]
    gaps: list[Gap]
    runs: list[BootRun]
    """The runs by their beginnings, without what held an agent up for a moment."""


def cover(runs: Iterable[BootRun], starts: Iterable[AgentStart], boots: Mapping[str, Boot]) -> Coverage:
    """Work out when a site was measured, and why it was not in between."""
    stretches = sorted(_without_delays(runs), key=lambda each: (each.run.from_ms, each.run.to_ms, each.boot))
    reported = union(Span(run.from_ms, run.to_ms) for _, run in stretches)
    dark = union(Span(run.from_ms, max(run.to_ms, run.arrived_ms)) for _, run in stretches if run.late)
    seen = subtract(union(Span(run.from_ms, run.to_ms) for _, run in stretches if not run.late), dark)
    by_number = sorted(stretches, key=lambda each: (each.boot, each.run.first_seq))
    last = {each.run.to_ms: each for each in by_number if each.run.from_ms < each.run.to_ms}
    first = {each.run.from_ms: each for each in reversed(by_number) if each.run.from_ms < each.run.to_ms}
    in_order = sorted(starts, key=lambda start: (start.time_ms, start))
    gaps = [Gap(0, reported[0].from_ms, Bucket.NOT_KNOWN, Evidence.NONE)] if reported else []
    for hole in between(reported):
        gaps += _explain(hole, last[hole.from_ms], first[hole.to_ms], in_order, boots)
    if reported:
        hole = Span(reported[-1].to_ms, FOREVER_MS)
        gaps += _explain(hole, last[hole.from_ms], None, in_order, boots)
    return Coverage(seen, reported, _with_unset_clocks(gaps, boots), stretches)


def _without_delays(runs: Iterable[BootRun]) -> list[BootRun]:
    """Return the runs, each beginning where the one before it ends if the agent ran on from that one."""
    ordered = sorted(runs, key=lambda each: (each.boot, each.run.first_seq))
    found = ordered[:1]
    for before, each in pairwise(ordered):
        run = each.run
        if each.boot == before.boot and follows(before.run, run):
            run = Run(
                run.first_seq,
                run.last_seq,
                before.run.to_ms,
                run.to_ms,
                run.interval_ms,
                run.late,
                run.starts,
                run.arrived_ms,
            )
        found.append(BootRun(each.boot, run))
    return found


def _explain(
    hole: Span,
    before: BootRun,
    after: BootRun | None,
    starts: Sequence[AgentStart],
    boots: Mapping[str, Boot],
) -> list[Gap]:
    latest_ms = hole.to_ms + HELD_UP_MS
    inside = [start for start in starts if hole.from_ms < start.time_ms <= latest_ms]
    if not inside:
        bucket, evidence = (Bucket.NOT_KNOWN, Evidence.NONE) if after is None else _compare(before, after, boots)
        return [Gap(*hole, bucket, evidence)]
    short_ms = before.run.interval_ms + HELD_UP_MS
    at_ms, gaps = hole.from_ms, list[Gap]()
    for start in inside:
        started_ms = min(start.time_ms, hole.to_ms)
        if start.before_ms - at_ms > short_ms and start.before_ms <= started_ms:
            gaps.append(Gap(at_ms, start.before_ms, Bucket.LINK, Evidence.BATCHES_LOST))
            at_ms = start.before_ms
        if at_ms < started_ms:
            gaps.append(Gap(at_ms, started_ms, *_of_start(start, at_ms, before, boots)))
            at_ms = started_ms
    if hole.to_ms - at_ms > short_ms:
        known = after is not None
        rest = (Bucket.LINK, Evidence.BATCHES_LOST) if known else (Bucket.NOT_KNOWN, Evidence.NONE)
        gaps.append(Gap(at_ms, hole.to_ms, *rest))
    elif at_ms < hole.to_ms and gaps:
        gaps[-1] = gaps[-1]._replace(to_ms=hole.to_ms)
    return gaps


def _of_start(
    start: AgentStart, gone_ms: int, before: BootRun, boots: Mapping[str, Boot]
) -> tuple[Bucket, Evidence]:
    match start.reason:
        case "machine":
            return _reboot(gone_ms, before, boots, clean=start.clean)
        case "upgrade":
            return Bucket.WATCHER, Evidence.AGENT_UPGRADED
        case "watchdog":
            return Bucket.WATCHER, Evidence.AGENT_HUNG
        case "service":
            return Bucket.WATCHER, Evidence.AGENT_RESTARTED
        case _:
            return _by_uptime(start.machine_ms, gone_ms, before, boots)


def _compare(before: BootRun, after: BootRun, boots: Mapping[str, Boot]) -> tuple[Bucket, Evidence]:
    """Explain a gap of an agent that says nothing of its starts."""
    hole_ms = after.run.from_ms - before.run.to_ms
    if after.boot != before.boot:
        machine_ms = boots.get(after.boot, Boot()).machine_ms
        return _by_uptime(machine_ms, before.run.to_ms, before, boots)
    lost = after.run.first_seq - before.run.last_seq - 1
    if 2 * lost * after.run.interval_ms >= hole_ms:
        return Bucket.LINK, Evidence.BATCHES_LOST
    return Bucket.WATCHER, Evidence.AGENT_RESTARTED if lost else Evidence.AGENT_HUNG


def _by_uptime(
    machine_ms: int, gone_ms: int, before: BootRun, boots: Mapping[str, Boot]
) -> tuple[Bucket, Evidence]:
    if not machine_ms:
        return Bucket.NOT_KNOWN, Evidence.NONE
    if machine_ms <= gone_ms:
        return Bucket.WATCHER, Evidence.AGENT_RESTARTED
    ended_ms = boots.get(before.boot, Boot()).ended_ms
    return _reboot(gone_ms, before, boots, clean=abs(ended_ms - gone_ms) <= ENDED_BEFORE_MS)


def _reboot(gone_ms: int, before: BootRun, boots: Mapping[str, Boot], *, clean: bool) -> tuple[Bucket, Evidence]:
    if clean:
        return Bucket.WATCHER, Evidence.SHUT_DOWN
    undervoltage_ms = boots.get(before.boot, Boot()).undervoltage_ms
    weak = gone_ms - UNDERVOLTAGE_BEFORE_MS <= undervoltage_ms <= gone_ms
    return Bucket.POWER, Evidence.UNDERVOLTAGE if weak else Evidence.NEW_BOOT


def _with_unset_clocks(gaps: list[Gap], boots: Mapping[str, Boot]) -> list[Gap]:
    """Return the gaps, with those after a loss of power in which an agent ran whose clock was never set.

    Its batches come with those of the next boot: to the last such gap that had ended then.
    """
    for undated_ms in sorted(boot.undated_ms for boot in boots.values() if boot.undated_ms):
        places = [i for i, gap in enumerate(gaps) if gap.bucket is Bucket.POWER and gap.to_ms <= undated_ms]
        if places:
            gaps[places[-1]] = gaps[places[-1]]._replace(bucket=Bucket.WATCHER, evidence=Evidence.CLOCK_UNSET)
    return gaps
