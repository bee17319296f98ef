"""Simulated agents and their clock, as a collector hears them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pantau_collector.journal import Record
from pantau_contract.messages import (
    Birth,
    CameraAbout,
    CameraState,
    Death,
    DeviceAnswer,
    Message,
    Sample,
    Start,
    Telemetry,
)
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode

INTERVAL_S = 30.0
"""Seconds between two batches of an agent."""


class VirtualClock:
    """A clock that is moved by hand. Its wall clock (UTC ms) may be stepped apart from the monotonic one (s)."""

    def __init__(self, epoch_ms: int) -> None:
        self.epoch_ms = epoch_ms
        self.s = 0.0
        self.step_ms = 0

    def time_ms(self) -> int:
        """Return the UTC time of the collector's clock, in ms."""
        return self.true_ms() + self.step_ms

    def true_ms(self) -> int:
        """Return the UTC time of everybody else's clock, in ms."""
        return self.epoch_ms + int(self.s * 1000)

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment."""
        return 1000.0 + self.s


class MemoryJournal:
    """The journal's interface, without a disk. It outlives a crash of the pipeline."""

    identity = "memory"

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._removed = 0
        self._position = 0

    @property
    def end(self) -> int:
        """The position behind the last record."""
        return self._removed + len(self.records)

    def append(self, records: Iterable[Record]) -> int:
        """Append records, and return the new end."""
        self.records += records
        return self.end

    def read(self, position: int, limit: int) -> tuple[list[Record], int]:
        """Return up to `limit` records from a position on, and the position behind them."""
        self._drop_saved()
        first = position - self._removed
        records = self.records[first : first + limit]
        return records, position + len(records)

    def wait(self, position: int, timeout_s: float) -> bool:  # noqa: ARG002 - the journal's own signature
        """Return True if there is something to read."""
        return self.end > position

    def report_position(self, reader: str, position: int) -> None:  # noqa: ARG002 - the journal's own signature
        """Note that the only reader needs nothing before `position` any more."""
        self._position = position

    def _drop_saved(self) -> None:
        done = self._position - self._removed
        if done > 10_000:
            del self.records[:done]
            self._removed += done


@dataclass
class Agent:
    """The agent of one site, as the collector hears it. `offset_ms` is the error of its clock.

    Without a `start` it is like an agent of an earlier version, which says nothing of its starts. `answers` are
    the devices that it asks, each with whether it answers now.
    """

    site: str
    clock: VirtualClock
    cameras: dict[str, tuple[State, Cause | None, int]]
    connected: bool = True
    running: bool = True
    boot: str = "boot1"
    session: int = 1
    seq: int = 0
    next_s: float = 0.0
    synchronised: bool = True
    offset_ms: int = 0
    backlog: list[Telemetry] = field(default_factory=list)
    start: Start | None = None
    answers: dict[str, bool] = field(default_factory=dict)

    def now_ms(self) -> int:
        """Return the UTC time of the agent's clock, in ms."""
        return self.clock.true_ms() + self.offset_ms

    def birth(self) -> list[Message]:
        """Return what the agent sends when it connects."""
        cameras = tuple(CameraAbout(camera) for camera in self.cameras)
        now_ms, interval_s = self.now_ms(), INTERVAL_S
        birth = Birth(
            self.site, self.boot, self.session, now_ms, "1", interval_s, cameras=cameras, start=self.start
        )
        return [birth, *map(self.state, self.cameras)]

    def state(self, camera: str) -> CameraState:
        """Return the state message of a camera."""
        state, cause, since = self.cameras[camera]
        return CameraState(self.site, camera, self.boot, self.seq, self.now_ms(), state, since, cause)

    def batch(self) -> Telemetry:
        """Return the next batch of samples."""
        now = self.now_ms()
        samples = tuple(
            Sample(camera, now, state, since, cause) for camera, (state, cause, since) in self.cameras.items()
        )
        up_ms = int(self.clock.s * 1000)
        devices = tuple(DeviceAnswer(device, answers, now, now) for device, answers in self.answers.items())
        batch = Telemetry(
            self.site,
            self.boot,
            self.seq,
            now,
            up_ms,
            self.synchronised,
            INTERVAL_S,
            samples,
            devices=devices,
        )
        self.seq += 1
        return batch

    def set(self, camera: str, cause: Cause | None) -> list[Message]:
        """Have a camera fail, or (None) work again, and return what the agent sends about it."""
        state = STATE_OF[cause] if cause else State.OK
        self.cameras[camera] = (state, cause, self.now_ms())
        return [self.state(camera)] if self.connected and self.running else []

    def tick(self) -> list[Message]:
        """Return the agent's batch if one is due."""
        if not self.running or self.clock.s < self.next_s:
            return []
        self.next_s = self.clock.s + INTERVAL_S
        batch = self.batch()
        if self.connected:
            messages = [batch, *self.backlog]
            self.backlog.clear()
            return list[Message](messages)
        self.backlog.append(batch)
        return []

    def death(self) -> Death:
        """Return what the broker sends when it loses the agent."""
        return Death(self.site, self.boot, self.session)

    def rejoin(self) -> list[Message]:
        """Connect again, and return what the agent sends at once. Its samples come when they are due."""
        self.connected = True
        self.session += 1
        return self.birth()


def to_record(message: Message, received_ms: int) -> Record:
    """Return the message as the journal holds it."""
    match message:
        case Birth() | Death():
            topic = Topic(message.site, TopicKind.AGENT)
        case Telemetry():
            topic = Topic(message.site, TopicKind.TELEMETRY)
        case CameraState():
            topic = Topic(message.site, TopicKind.STATE, message.camera)
        case _:
            raise TypeError(message)
    return Record(received_ms, str(topic), encode(message))
