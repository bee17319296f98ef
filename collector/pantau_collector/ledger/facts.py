"""What a record of the journal says, as far as the ledger takes notice of it.

Facts are kept as sets, or as the greatest of what was said. So which record came first, and whether one came
twice, makes no difference.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct, field

from pantau_collector.clock_correction import correction_ms
from pantau_collector.journal import Record
from pantau_collector.ledger.claims import ANSWERS, SILENT, Claim, condition_of
from pantau_collector.ledger.runs import Run
from pantau_collector.ledger.spans import Span
from pantau_collector.own_records import Figures, is_own, read_record
from pantau_contract.messages import Birth, Death, Sample, Start, Telemetry
from pantau_contract.topics import TopicKind, parse_topic
from pantau_contract.wire import decode

SHORTEST_LATE_MS, LONGEST_LATE_MS = 2_000, 60_000
"""Milliseconds at least and at most within which a batch must arrive for the control room to see the site.

In between it is twice the agent's interval, so a minute for the usual one.
"""
REPORTED_WITHIN_MS = 60_000
"""Milliseconds before a batch's time for which it may still claim a state, which lasts before it is reported."""
FIGURES_EVERY_MS = 45_000
"""Milliseconds for which figures of an earlier version speak: those without `attentive_since_ms`."""
SAME_START_MS = 60_000
"""Milliseconds of the periods in which starts after the same last sign of life are one."""
MAX_DEVICES = 64
"""Devices of a site whose answers are kept."""


class Subject(NamedTuple):
    """A camera or device of a site."""

    kind: str
    name: str


CAMERA, DEVICE = "camera", "device"
"""The kinds of subjects."""


class Boot(Struct):
    """A boot of the agent's machine, as its batches are numbered in. Times are UTC ms; 0 stands for never.

    `machine_ms`: since when the machine has been up; the least that was reported. `undervoltage_ms`, `ended_ms`:
    the latest time at which undervoltage was reported, and at which the agent took its leave. `undated_ms`: when a
    batch came that was made in this boot, whose clock was never set.
    """

    machine_ms: int = 0
    undervoltage_ms: int = 0
    ended_ms: int = 0
    undated_ms: int = 0

    def add(self, other: "Boot") -> bool:
        """Add what else is known of the boot, and return True if that changes anything."""
        before = self.machine_ms, self.undervoltage_ms, self.ended_ms, self.undated_ms
        known = [each.machine_ms for each in (self, other) if each.machine_ms]
        self.machine_ms = min(known, default=0)
        self.undervoltage_ms = max(self.undervoltage_ms, other.undervoltage_ms)
        self.ended_ms = max(self.ended_ms, other.ended_ms)
        self.undated_ms = max(self.undated_ms, other.undated_ms)
        return before != (self.machine_ms, self.undervoltage_ms, self.ended_ms, self.undated_ms)


class AgentStart(Struct, frozen=True, order=True):
    """A start of the agent at `time_ms`, in a boot. `before_ms` is the last sign of life before it, or 0.

    `reason` is one of the contract's. `clean`: the agent before it ended in order. `machine_ms`: since when the
    machine had been up, or 0.
    """

    boot: str
    before_ms: int
    time_ms: int
    reason: str
    clean: bool
    machine_ms: int = 0

    @property
    def key(self) -> tuple[str, int, int]:
        """What identifies a start: dated twice, its time may differ a little. The latest of them counts."""
        return self.boot, self.before_ms, self.time_ms // SAME_START_MS


class SiteFacts(Struct):
    """What is known of one site."""

    batches: dict[str, list[Run]] = field(default_factory=dict)
    """By boot, each a run of one."""
    claims: dict[Subject, list[Claim]] = field(default_factory=dict)
    boots: dict[str, Boot] = field(default_factory=dict)
    starts: dict[tuple[str, int, int], AgentStart] = field(default_factory=dict)

    def boot(self, boot: str) -> Boot:
        """Return a boot, adding it if it is new."""
        return self.boots.setdefault(boot, Boot())

    def add_start(self, start: AgentStart) -> None:
        """Add a start, or replace the same one with an earlier date."""
        self.starts[start.key] = max(self.starts.get(start.key, start), start)


class Facts(Struct):
    """What many records say: by site, and when the collector was listening."""

    sites: dict[str, SiteFacts] = field(default_factory=dict)
    attentive: list[Span] = field(default_factory=list)
    received_ms: int = 0
    """When the last of them was received."""

    def add(self, record: Record) -> None:
        """Add what a record says.

        Raises:
            ContractError: the record breaks the contract.
        """
        self.received_ms = max(self.received_ms, record.received_ms)
        if is_own(record):
            content = read_record(record)
            if isinstance(content, Figures):
                self.attentive += _attentive(content, record.received_ms)
            return
        topic = parse_topic(record.topic)
        if topic.kind not in {TopicKind.TELEMETRY, TopicKind.AGENT}:
            return
        site = self.sites.setdefault(topic.site, SiteFacts())
        match decode(topic, record.payload):
            case Telemetry() as batch:
                _add_batch(site, batch, record)
            case Birth(start=Start() as start) as birth if not _shift_ms(birth.time, record):
                site.add_start(_start(start, birth.boot, 0))
            case Death(clean=True) as death if not record.retained:
                site.boot(death.boot).add(Boot(ended_ms=record.received_ms))
            case _:
                pass


def _attentive(figures: Figures, received_ms: int) -> Iterator[Span]:
    since_ms = figures.attentive_since_ms
    if since_ms is not None:
        yield Span(since_ms, received_ms)
    elif figures.attentive:
        yield Span(received_ms - FIGURES_EVERY_MS, received_ms)


def _shift_ms(time_ms: int, record: Record) -> int:
    """Return the ms to add to the times of a message whose own time is `time_ms`; 0 if they are believed."""
    if record.undated:
        return record.received_ms - time_ms
    return correction_ms(time_ms, record.received_ms)


def _add_batch(site: SiteFacts, batch: Telemetry, record: Record) -> None:
    shift_ms = _shift_ms(batch.time, record)
    boot = site.boot(batch.boot)
    if shift_ms and batch.clock_synchronised is None:
        boot.add(Boot(undated_ms=record.received_ms))
        return
    to_ms = batch.time + shift_ms
    interval_ms = round(batch.interval_s * 1000)
    from_ms = to_ms - interval_ms
    if batch.start is not None:
        start = _start(batch.start, batch.boot, shift_ms)
        site.add_start(start)
        from_ms = min(max(from_ms, start.time_ms), to_ms)
    if batch.host is not None:
        uptime_s = batch.host.uptime_s
        machine_ms = 0 if uptime_s is None else max(to_ms - round(uptime_s * 1000), 0)
        boot.add(Boot(machine_ms, undervoltage_ms=to_ms if batch.host.undervoltage else 0))
    late = record.received_ms - to_ms > min(max(2 * interval_ms, SHORTEST_LATE_MS), LONGEST_LATE_MS)
    run = Run(
        batch.seq,
        batch.seq,
        from_ms,
        to_ms,
        interval_ms,
        late=late,
        starts=batch.start is not None,
        arrived_ms=record.received_ms if late else 0,
    )
    site.batches.setdefault(batch.boot, []).append(run)
    earliest_ms = to_ms - interval_ms - REPORTED_WITHIN_MS
    for name, claim in _camera_claims(batch.samples, shift_ms, earliest_ms, to_ms):
        site.claims.setdefault(Subject(CAMERA, name), []).append(claim)
    for answer in batch.devices[:MAX_DEVICES]:
        from_ms, until_ms = max(answer.since + shift_ms, earliest_ms), min(answer.asked + shift_ms, to_ms)
        if from_ms < until_ms:
            claim = Claim(from_ms, until_ms, ANSWERS if answer.answers else SILENT)
            site.claims.setdefault(Subject(DEVICE, answer.device), []).append(claim)


def _camera_claims(
    samples: Iterable[Sample], shift_ms: int, earliest_ms: int, to_ms: int
) -> Iterator[tuple[str, Claim]]:
    """Yield the claims of a batch: each sample's state lasts from `since` until the camera's next sample.

    The last one lasts until the batch's end. None reaches further back than `earliest_ms`.
    """
    until_ms: dict[str, int] = {}
    for sample in reversed(tuple(samples)):
        end_ms = until_ms.get(sample.camera, to_ms)
        from_ms = max(sample.since + shift_ms, earliest_ms)
        if from_ms < end_ms:
            yield sample.camera, Claim(from_ms, end_ms, condition_of(sample.state, sample.cause))
        until_ms[sample.camera] = min(max(sample.time + shift_ms, earliest_ms), end_ms)


def _start(start: Start, boot: str, shift_ms: int) -> AgentStart:
    machine_ms = 0 if start.machine_time is None else start.machine_time + shift_ms
    return AgentStart(
        boot, start.before or 0, start.time + shift_ms, start.reason, start.clean is True, machine_ms
    )
