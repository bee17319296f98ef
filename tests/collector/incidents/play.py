"""A city in virtual time: agents that tell of their cameras, the real pipeline, store and sender, a phone."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pantau_collector.config import IncidentRules, NoticeRules, Recipient
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Record
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.notice import Message, NoticeKind
from pantau_collector.notices.sender import Sender
from pantau_collector.pipeline import Pipeline
from pantau_collector.store import Store
from pantau_contract.messages import Birth, CameraAbout, CameraState, Death, Sample, Telemetry
from pantau_contract.messages import Message as Wire
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.topics import Kind, Topic
from pantau_contract.wire import encode

EPOCH_MS = 1_790_000_000_000
INTERVAL_S = 30.0


class VirtualClock:
    """Moved by hand. The wall clock may be stepped apart from the monotonic one."""

    def __init__(self) -> None:
        self.s = 0.0
        self.step_ms = 0

    def time_ms(self) -> int:
        return EPOCH_MS + int(self.s * 1000) + self.step_ms

    def monotonic(self) -> float:
        return 1000.0 + self.s


class MemoryJournal:
    """The journal's interface, without a disk; it outlives a crash of the pipeline."""

    identity = "memory"

    def __init__(self) -> None:
        self.records: list[Record] = []

    @property
    def end(self) -> int:
        return len(self.records)

    def append(self, records: Iterable[Record]) -> int:
        self.records += records
        return len(self.records)

    def read(self, position: int, limit: int) -> tuple[list[Record], int]:
        records = self.records[position : position + limit]
        return records, position + len(records)

    def wait(self, position: int, timeout_s: float) -> bool:  # noqa: ARG002 - the journal's own signature
        return len(self.records) > position

    def register(self, name: str, position: Callable[[], int]) -> None:
        """Nothing is ever removed."""


class Told(NamedTuple):
    """One notice as it arrived: second, kind, whom, where, cause."""

    s: float
    kind: str
    recipient: str
    about: str
    cause: str
    key: str
    message: Message


class Phone:
    """A transport that keeps what it is given. While `broken` it takes nothing."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.told: list[Told] = []
        self.broken: Callable[[str], bool] = lambda _url: False

    def send(self, url: str, message: Message, *, kind: NoticeKind, key: str, picture: Path | None) -> None:  # noqa: ARG002
        if self.broken(url):
            raise ChannelError("no answer")
        about, cause = message.text.split("\n", 1)[0].split(" ")
        self.told.append(Told(self.clock.s, kind, url.rsplit("/", 1)[1], about, cause, key, message))


@dataclass
class Agent:
    """One site's agent, as the collector hears it."""

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

    def now_ms(self) -> int:
        return EPOCH_MS + int(self.clock.s * 1000) + self.offset_ms

    def birth(self) -> list[Wire]:
        cameras = tuple(CameraAbout(camera) for camera in self.cameras)
        birth = Birth(self.site, self.boot, self.session, self.now_ms(), "1", INTERVAL_S, cameras=cameras)
        return [birth, *map(self.state, self.cameras)]

    def state(self, camera: str) -> CameraState:
        state, cause, since = self.cameras[camera]
        return CameraState(self.site, camera, self.boot, self.seq, self.now_ms(), state, since, cause)

    def batch(self) -> Telemetry:
        now = self.now_ms()
        samples = tuple(
            Sample(camera, now, state, since, cause) for camera, (state, cause, since) in self.cameras.items()
        )
        batch = Telemetry(
            self.site, self.boot, self.seq, now, int(self.clock.s * 1000), self.synchronised, INTERVAL_S, samples
        )
        self.seq += 1
        return batch

    def set(self, camera: str, cause: Cause | None) -> list[Wire]:
        state = STATE_OF[cause] if cause else State.OK
        self.cameras[camera] = (state, cause, self.now_ms())
        return [self.state(camera)] if self.connected and self.running else []

    def tick(self) -> list[Wire]:
        if not self.running or self.clock.s < self.next_s:
            return []
        self.next_s = self.clock.s + INTERVAL_S
        batch = self.batch()
        if self.connected:
            return [batch]
        self.backlog.append(batch)
        return []

    def death(self) -> Death:
        return Death(self.site, self.boot, self.session)


def recipient(name: str, *, owners: Iterable[str] = ()) -> Recipient:
    """One recipient with one channel."""
    return Recipient.model_validate({"id": name, "owners": list(owners), "urls": [f"json://localhost/{name}"]})


class Play:
    """Runs a story second by second. Its rules are those of a configuration, with short graces."""

    def __init__(
        self,
        folder: Path,
        sites: dict[str, int],
        *,
        recipients: Iterable[Recipient] = (),
        inventory: Inventory | None = None,
        rules: IncidentRules | None = None,
        notice_rules: NoticeRules | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.journal = MemoryJournal()
        self.phone = Phone(self.clock)
        self.inventory = inventory or Inventory()
        self.recipients = list(recipients) or [recipient("noc")]
        self.rules = rules or IncidentRules(restart_grace_s=0)
        self.notice_rules = notice_rules or NoticeRules()
        self.listening = True
        self.events: list[tuple[float, Callable[[], None]]] = []
        templates = folder / "templates"
        templates.mkdir(exist_ok=True)
        for kind in NoticeKind:
            for form in ("txt", "html"):
                about = "{{ notice.site }}{% if notice.camera %}/{{ notice.camera }}{% endif %} {{ notice.cause }}"
                (templates / f"{kind}.{form}.j2").write_text(about)
        self.composer = Composer(templates=templates)
        self.store = Store.at(folder / "store.sqlite")
        self.agents = {
            site: Agent(site, self.clock, {f"cam{i + 1}": (State.OK, None, EPOCH_MS) for i in range(cameras)})
            for site, cameras in sites.items()
        }
        self.start()
        for agent in self.agents.values():
            self.hear(*agent.birth())

    def start(self) -> None:
        """The collector starts, or starts again after a crash."""
        self.pipeline = Pipeline(
            self.journal,  # type: ignore[arg-type] # it has the journal's interface
            self.store,
            self.inventory,
            self.recipients,
            self.rules,
            self.clock,
            listening=lambda: self.listening,
        )
        self.sender = Sender(
            self.store,
            self.phone,
            self.recipients,
            self.notice_rules,
            self.composer,
            NoPictures(),
            self.clock,
        )

    def at(self, second: float, *events: Callable[[], None]) -> None:
        """Something happens at a second."""
        self.events += [(second, event) for event in events]

    def hear(self, *messages: Wire) -> None:
        """Messages arrive."""
        self.journal.append([record(message, self.clock.time_ms()) for message in messages])

    def fail(self, site: str, camera: str, cause: Cause | None = Cause.STALLED) -> Callable[[], None]:
        return lambda: self.hear(*self.agents[site].set(camera, cause))

    def mend(self, site: str, camera: str) -> Callable[[], None]:
        return self.fail(site, camera, None)

    def cut(self, site: str, *, will: bool = True) -> Callable[[], None]:
        """The site's uplink goes; the broker tells so, or nobody does."""

        def event() -> None:
            agent = self.agents[site]
            agent.connected = False
            if will:
                self.hear(agent.death())

        return event

    def join(self, site: str) -> Callable[[], None]:
        """The uplink is back: birth, states anew, a live batch, then the backlog."""

        def event() -> None:
            agent = self.agents[site]
            agent.connected = True
            agent.session += 1
            agent.next_s = self.clock.s + INTERVAL_S
            self.hear(*agent.birth(), agent.batch(), *agent.backlog)
            agent.backlog.clear()

        return event

    def run(self, until: float, *, by: float = 1.0) -> "Play":
        """Goes on to a second."""
        while self.clock.s < until:
            self.clock.s += by
            due = [event for second, event in self.events if second <= self.clock.s]
            self.events = [(second, event) for second, event in self.events if second > self.clock.s]
            for event in due:
                event()
            for agent in self.agents.values():
                self.hear(*agent.tick())
            self.step()
        return self

    def step(self) -> None:
        self.pipeline.step()
        self.deliver()

    def deliver(self) -> None:
        """Sends what is due, and waits for it."""
        while self.sender.look():
            for future in self.sender._under_way.values():
                future.result()

    def told(self, kind: str | None = None) -> list[tuple[str, str, str, str]]:
        """Kind, recipient, where, cause: in their order."""
        return [
            (told.kind, told.recipient, told.about, told.cause)
            for told in self.phone.told
            if kind is None or told.kind == kind
        ]


class NoPictures:
    """No camera has a picture."""

    def latest(self, site: str, camera: str) -> Path | None:  # noqa: ARG002 - as Pictures has it
        return None


class Wanted(NamedTuple):
    """A notice that should arrive at about a second."""

    s: float
    kind: str
    about: str
    cause: str
    recipient: str = "noc"
    within_s: float = 3.0


def assert_told(play: Play, *wanted: Wanted) -> None:
    """Exactly these arrived, each in its time."""
    arrived = [f"{told.s:.0f}s {told.kind} {told.recipient} {told.about} {told.cause}" for told in play.phone.told]
    assert len(arrived) == len(wanted), arrived
    rest = list(play.phone.told)
    for each in wanted:
        found = [
            told
            for told in rest
            if (told.kind, told.about, told.cause, told.recipient)
            == (each.kind, each.about, each.cause, each.recipient)
            and 0 <= told.s - each.s <= each.within_s
        ]
        assert found, f"not told: {each} in {arrived}"
        rest.remove(found[0])


def record(message: Wire, received_ms: int) -> Record:
    """The message as the journal holds it."""
    match message:
        case Birth() | Death():
            topic = Topic(message.site, Kind.AGENT)
        case Telemetry():
            topic = Topic(message.site, Kind.TELEMETRY)
        case CameraState():
            topic = Topic(message.site, Kind.STATE, message.camera)
        case _:
            raise TypeError(message)
    return Record(received_ms, str(topic), encode(message))
