"""The first half of the second ledger, see `by_definition`: what batches there are, and whose each gap is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from pantau_collector.ledger import Bucket, Evidence
from pantau_contract.messages import Birth, Death, Start, Telemetry

MINUTE = 60_000
FOREVER = 1 << 60

Span = tuple[int, int]


class Received(NamedTuple):
    """A message, with when it came. `retained`: the broker had kept it."""

    received_ms: int
    message: Telemetry | Birth | Death
    retained: bool = False


class Batch(NamedTuple):
    boot: str
    seq: int
    begin: int
    end: int
    interval: int
    late: bool
    starts: bool
    shift: int
    arrived: int
    message: Telemetry


class Gone(NamedTuple):
    """A stretch without batches, and whose it is."""

    begin: int
    end: int
    bucket: Bucket
    evidence: Evidence


class SiteByDefinition:
    """When one site was measured and seen, and whose the time was when it was not.

    `paths` leads from each camera over its devices upwards; `plans` is the maintenance of each camera.
    """

    def __init__(
        self,
        received: Sequence[Received],
        attentive: Sequence[Span] = (),
        paths: Mapping[str, Sequence[str]] | None = None,
        supplies: Iterable[str] = (),
        plans: Mapping[str, Sequence[Span]] | None = None,
    ) -> None:
        self.received = received
        self.attentive = attentive
        self.paths = paths or {}
        self.supplies = set(supplies)
        self.plans = plans or {}

    # What was received

    @cached_property
    def batches(self) -> list[Batch]:
        found: dict[tuple[str, int], Batch] = {}
        for received_ms, message, _ in self.received:
            if not isinstance(message, Telemetry):
                continue
            shift = _shift(message.time, received_ms)
            if shift and message.clock_synchronised is None:
                continue
            end, interval = message.time + shift, round(message.interval_s * 1000)
            begin = end - interval
            if message.start is not None:
                begin = min(max(begin, message.start.time + shift), end)
            late = received_ms - end > min(max(2 * interval, 2000), MINUTE)
            starts = message.start is not None
            batch = Batch(
                message.boot, message.seq, begin, end, interval, late, starts, shift, received_ms, message
            )
            found.setdefault((message.boot, message.seq), batch)
        return list(found.values())

    @cached_property
    def covered(self) -> list[tuple[int, int, Batch]]:
        """What each batch covers: from its beginning, or from the end of the one that it follows, to its end."""
        by_number = {(batch.boot, batch.seq): batch for batch in self.batches}
        found = []
        for batch in self.batches:
            before = by_number.get((batch.boot, batch.seq - 1))
            begin = before.end if before is not None and _ran_on(before, batch) else batch.begin
            if begin < batch.end:
                found.append((begin, batch.end, batch))
        return found

    @cached_property
    def starts(self) -> list[tuple[str, Start, int]]:
        """Each start with its boot and its time; of those in a minute after one sign of life, the last."""
        found: dict[tuple[str, int, int], tuple[int, str, bool, int, Start]] = {}
        for received_ms, message, _ in self.received:
            start = message.start if isinstance(message, Birth | Telemetry) else None
            if start is None or not isinstance(message, Birth | Telemetry):
                continue
            shift = _shift(message.time, received_ms)
            if shift and (isinstance(message, Birth) or message.clock_synchronised is None):
                continue
            machine = 0 if start.machine_time is None else start.machine_time + shift
            key = message.boot, start.before or 0, (start.time + shift) // 60_000
            entry = (start.time + shift, start.reason, start.clean is True, machine, start)
            found[key] = max(found.get(key, entry), entry, key=lambda each: each[:4])
        return [
            (boot, Start(time, reason, "", machine, before, clean), time)
            for (boot, before, _), (time, reason, clean, machine, _) in found.items()
        ]

    # Whether the site was measured, and seen

    def is_covered(self, moment: int) -> bool:
        return any(begin <= moment < end for begin, end, _ in self.covered)

    def is_seen(self, moment: int) -> bool:
        """Whether a batch of the moment arrived in time, and none that was made before was late and on its way."""
        in_time = any(begin <= moment < end and not batch.late for begin, end, batch in self.covered)
        return in_time and not any(begin <= moment < end for begin, end in self.dark)

    @cached_property
    def dark(self) -> list[Span]:
        """From where each batch that came late begins, until the first came of those that it belongs to."""
        found = []
        for begin, _, batch in self.covered:
            if batch.late and self._begins_run(batch):
                run = self._run(batch)
                found.append((begin, max(run[-1].end, min(each.arrived for each in run))))
        return found

    @cached_property
    def gone(self) -> list[Gone]:
        edges = sorted({edge for begin, end, _ in self.covered for edge in (begin, end)})
        holes = [span for span in pairwise(edges) if not self.is_covered(span[0])]
        found: list[Gone] = []
        if edges:
            holes.append((edges[-1], FOREVER))
            found.append(Gone(0, edges[0], Bucket.NOT_KNOWN, Evidence.NONE))
        for hole in holes:
            found += self._explain(*hole)
        self._mark_unset_clocks(found)
        return found

    def _explain(self, begin: int, end: int) -> Iterator[Gone]:
        last = max(
            (batch for _, stop, batch in self.covered if stop == begin),
            key=lambda batch: (batch.boot, batch.seq),
        )
        after = [each for each in self.covered if each[0] == end]
        first = min((each[2] for each in after), key=lambda batch: (batch.boot, batch.seq), default=None)
        inside = [(time, boot, start) for boot, start, time in self.starts if begin < time <= end + 30_000]
        inside.sort(key=lambda each: (*each[:2], each[2].before or 0, each[2].reason, each[2].clean is True))
        starts = [(time, start) for time, _, start in inside]
        if not starts:
            whose = (Bucket.NOT_KNOWN, Evidence.NONE) if first is None else self._compare(last, first, begin, end)
            yield Gone(begin, end, *whose)
            return
        short = last.interval + 30_000
        at, pieces = begin, list[Gone]()
        for time, start in starts:
            started, before = min(time, end), start.before or 0
            if before - at > short and before <= started:
                pieces.append(Gone(at, before, Bucket.LINK, Evidence.BATCHES_LOST))
                at = before
            if started > at:
                pieces.append(Gone(at, started, *self._of_start(start, at, last.boot)))
                at = started
        if end - at > short:
            lost = (Bucket.LINK, Evidence.BATCHES_LOST) if first else (Bucket.NOT_KNOWN, Evidence.NONE)
            pieces.append(Gone(at, end, *lost))
        elif at < end and pieces:
            pieces[-1] = pieces[-1]._replace(end=end)
        yield from pieces

    def _end_of_run(self, batch: Batch) -> int:
        return self._run(batch)[-1].end

    def _run(self, batch: Batch) -> list[Batch]:
        """A batch and those that follow it, each as late as it or not, and with its interval."""
        by_number = {(each.boot, each.seq): each for each in self.batches}
        run = [batch]
        while following := by_number.get((batch.boot, run[-1].seq + 1)):
            same = (following.late, following.interval) == (batch.late, batch.interval)
            if not same or not _ran_on(run[-1], following):
                break
            run.append(following)
        return run

    def _of_start(self, start: Start, gone_at: int, boot: str) -> tuple[Bucket, Evidence]:
        match start.reason:
            case "machine":
                return self._reboot(gone_at, boot, clean=start.clean is True)
            case "upgrade":
                return Bucket.WATCHER, Evidence.AGENT_UPGRADED
            case "watchdog":
                return Bucket.WATCHER, Evidence.AGENT_HUNG
            case "service":
                return Bucket.WATCHER, Evidence.AGENT_RESTARTED
        return self._by_uptime(start.machine_time or 0, gone_at, boot)

    def _compare(self, last: Batch, first: Batch, begin: int, end: int) -> tuple[Bucket, Evidence]:
        if first.boot != last.boot:
            up = [
                max(batch.end - round(batch.message.host.uptime_s * 1000), 0)
                for batch in self.batches
                if batch.boot == first.boot and batch.message.host and batch.message.host.uptime_s is not None
            ]
            return self._by_uptime(min((since for since in up if since), default=0), begin, last.boot)
        lost = first.seq - last.seq - 1
        if lost * first.interval * 2 >= end - begin:
            return Bucket.LINK, Evidence.BATCHES_LOST
        return Bucket.WATCHER, Evidence.AGENT_RESTARTED if lost else Evidence.AGENT_HUNG

    def _by_uptime(self, machine: int, gone_at: int, boot: str) -> tuple[Bucket, Evidence]:
        if machine == 0:
            return Bucket.NOT_KNOWN, Evidence.NONE
        if machine <= gone_at:
            return Bucket.WATCHER, Evidence.AGENT_RESTARTED
        ended = max(
            (
                received_ms
                for received_ms, message, retained in self.received
                if isinstance(message, Death) and message.clean and not retained and message.boot == boot
            ),
            default=0,
        )
        return self._reboot(gone_at, boot, clean=abs(ended - gone_at) <= 2 * MINUTE)

    def _reboot(self, gone_at: int, boot: str, *, clean: bool) -> tuple[Bucket, Evidence]:
        if clean:
            return Bucket.WATCHER, Evidence.SHUT_DOWN
        weak = [
            batch.end
            for batch in self.batches
            if batch.boot == boot and batch.message.host and batch.message.host.undervoltage
        ]
        was_weak = bool(weak) and gone_at - 10 * MINUTE <= max(weak) <= gone_at
        return Bucket.POWER, Evidence.UNDERVOLTAGE if was_weak else Evidence.NEW_BOOT

    def _mark_unset_clocks(self, gone: list[Gone]) -> None:
        undated: dict[str, int] = {}
        for received_ms, message, _ in self.received:
            if not isinstance(message, Telemetry) or message.clock_synchronised is not None:
                continue
            if _shift(message.time, received_ms):
                undated[message.boot] = max(undated.get(message.boot, 0), received_ms)
        for received_ms in sorted(undated.values()):
            power = [i for i, each in enumerate(gone) if each.bucket is Bucket.POWER and each.end <= received_ms]
            if power:
                gone[power[-1]] = gone[power[-1]]._replace(bucket=Bucket.WATCHER, evidence=Evidence.CLOCK_UNSET)

    def _begins_run(self, batch: Batch) -> bool:
        before = next(
            (each for each in self.batches if (each.boot, each.seq) == (batch.boot, batch.seq - 1)), None
        )
        if before is None or not _ran_on(before, batch):
            return True
        return (before.late, before.interval) != (batch.late, batch.interval)

    def _reported(self) -> list[Span]:
        edges = sorted({edge for begin, end, _ in self.covered for edge in (begin, end)})
        joined: list[Span] = []
        for begin, end in pairwise(edges):
            if self.is_covered(begin):
                if joined and joined[-1][1] == begin:
                    joined[-1] = (joined[-1][0], end)
                else:
                    joined.append((begin, end))
        return joined


def _shift(time_ms: int, received_ms: int) -> int:
    """A batch whose time is before 2024, or ten minutes in the future, is dated by its arrival."""
    return 0 if 1_704_067_200_000 <= time_ms <= received_ms + 10 * MINUTE else received_ms - time_ms


def _ran_on(before: Batch, batch: Batch) -> bool:
    return not batch.starts and -batch.interval <= batch.begin - before.end <= 30_000
