"""A simulated site as messages: its cameras, the agent and its machine, and the line. Time is moved by hand."""

from collections.abc import Iterable

from pantau_collector.journal import Record
from pantau_collector.own_records import Figures, make_record
from pantau_contract.messages import (
    Birth,
    CameraAbout,
    Death,
    DeviceAnswer,
    Host,
    Message,
    Sample,
    Start,
    Telemetry,
)
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode

EPOCH_MS = 1_790_000_000_000
"""When every simulation begins, UTC ms."""
LOOK_MS = 12_000
"""Milliseconds from the start of the agent until it knows the state of its cameras."""
UNDER_WAY_MS = 200
"""Milliseconds that a message takes over a line that is not cut."""

Condition = State | Cause
"""A camera's cause, or its state if it has none."""


def listening(from_ms: int, to_ms: int) -> Record:
    """Return the record by which a collector says that it has been listening."""
    nothing = dict.fromkeys(Figures.__struct_fields__[1:21], 0)
    return make_record(Figures("c", **nothing, attentive_since_ms=from_ms), to_ms)


class SimulatedSite:
    """A site whose agent has just started. `records` are its messages as a collector's journal holds them.

    `old`: the agent is of a version that says nothing of its starts.
    """

    def __init__(self, site: str, cameras: Iterable[str], *, interval_s: float = 30, old: bool = False) -> None:
        self.site = site
        self.now_ms = EPOCH_MS
        self.records: list[Record] = []
        self.undervoltage = False
        self._old = old
        self._interval_ms = round(interval_s * 1000)
        self._truth: dict[str, Condition] = dict.fromkeys(cameras, State.OK)
        self._reported: dict[str, tuple[Condition, int]] = {}
        self._changes: list[tuple[int, str, Condition]] = []
        self._devices: dict[str, tuple[bool, int]] = {}
        self._linked = True
        self._waiting: list[Message] = []
        self._boot, self._seq = 0, 0
        self._machine_ms = self._reported_ms = 0
        self._running = False
        self.start("machine")

    def run(self, seconds: float) -> None:
        """Let time pass. An agent that is running reports each interval."""
        until_ms = self.now_ms + round(seconds * 1000)
        while self._running and self._reported_ms + self._interval_ms <= until_ms:
            self._report(self._reported_ms + self._interval_ms)
        self.now_ms = until_ms

    def set_interval(self, interval_s: float) -> None:
        """Report at once, if the agent runs, and from now on each `interval_s`."""
        interval_ms = round(interval_s * 1000)
        if interval_ms != self._interval_ms and self._running and self._reported_ms < self.now_ms:
            self._report(self.now_ms)
        self._interval_ms = interval_ms

    def set(self, condition: Condition, *cameras: str) -> None:
        """Change the condition of these cameras, or of all."""
        for camera in cameras or self._truth:
            self._truth[camera] = condition
            if self._running:
                looks_ms = max(self.now_ms, self._started_ms + LOOK_MS)
                self._changes = [each for each in self._changes if each[:2] != (looks_ms, camera)]
                self._changes.append((looks_ms, camera, condition))
                self._changes.sort(key=lambda change: change[0])

    def answer(self, device: str, *, answers: bool) -> None:
        """Let a device answer the agent from now on, or not."""
        self._devices[device] = (answers, self.now_ms)

    def cut_line(self) -> None:
        """Keep what is reported from now on from arriving."""
        self._linked = False

    def mend_line(self) -> None:
        """Deliver what waits, oldest first; what is reported from now on arrives at once."""
        self._linked = True
        if self._running:
            self._say(self._birth())
            waiting, self._waiting = self._waiting, []
            for i, message in enumerate(waiting):
                self._say(message, self.now_ms + 1000 + 50 * i)

    def stop(self, *, clean: bool = False) -> None:
        """End the agent, in order or not."""
        if clean:
            self._report(self.now_ms)
            self._say(Death(self.site, str(self._boot), self._boot, clean=True))
        self._running, self._clean = False, clean

    def start(self, reason: str) -> None:
        """Start the agent; with the reason `machine`, its machine has started shortly before."""
        if reason == "machine":
            self._boot, self._seq, self._machine_ms = self._boot + 1, 0, self.now_ms - 40_000
        first = self._reported_ms == 0
        self._start = Start(
            self.now_ms,
            reason,
            f"boot-{self._boot}",
            self._machine_ms,
            None if first else self._reported_ms,
            None if first else self._clean,
        )
        self._running, self._is_first_report = True, True
        self._started_ms = self._reported_ms = self.now_ms
        self._reported = dict.fromkeys(self._truth, (Cause.STARTING, self.now_ms))
        self._changes = [(self.now_ms + LOOK_MS, camera, condition) for camera, condition in self._truth.items()]
        if self._linked:
            self.mend_line()

    def hang(self, seconds: float) -> None:
        """Let the agent hang, and then go on as if nothing had happened."""
        self.now_ms += round(seconds * 1000)
        self._reported_ms = self.now_ms - self._interval_ms

    def lose(self, batches: int) -> None:
        """Drop the oldest batches that wait, as a full spool does."""
        self._waiting = self._waiting[batches:]

    def _birth(self) -> Birth:
        return Birth(
            self.site,
            str(self._boot),
            self._boot,
            self.now_ms,
            "1",
            self._interval_ms / 1000,
            cameras=tuple(map(CameraAbout, self._truth)),
            start=None if self._old else self._start,
        )

    def _report(self, time_ms: int) -> None:
        samples = []
        while self._changes and self._changes[0][0] <= time_ms:
            at_ms, camera, condition = self._changes.pop(0)
            self._reported[camera] = (condition, at_ms)
            samples.append(_sample(camera, at_ms, condition, at_ms))
        for camera, (condition, since_ms) in self._reported.items():
            samples.append(_sample(camera, time_ms, condition, since_ms))
        batch = Telemetry(
            site=self.site,
            boot=str(self._boot),
            seq=self._seq,
            time=time_ms,
            monotonic_ms=max(time_ms - self._machine_ms, 0),
            clock_synchronised=True,
            interval_s=self._interval_ms / 1000,
            samples=tuple(samples),
            host=Host(uptime_s=(time_ms - self._machine_ms) // 1000, undervoltage=self.undervoltage),
            start=self._start if self._is_first_report and not self._old else None,
            devices=tuple(DeviceAnswer(device, *answer, time_ms) for device, answer in self._devices.items()),
        )
        self._seq, self._reported_ms, self._is_first_report = self._seq + 1, time_ms, False
        if self._linked:
            self._say(batch, time_ms + UNDER_WAY_MS)
        else:
            self._waiting.append(batch)

    def _say(self, message: Message, at_ms: int | None = None) -> None:
        kind = TopicKind.TELEMETRY if isinstance(message, Telemetry) else TopicKind.AGENT
        self.records.append(Record(at_ms or self.now_ms, str(Topic(self.site, kind)), encode(message)))


def _sample(camera: str, time_ms: int, condition: Condition, since_ms: int) -> Sample:
    if isinstance(condition, State):
        return Sample(camera, time_ms, condition, since_ms)
    return Sample(camera, time_ms, STATE_OF[condition], since_ms, condition)
