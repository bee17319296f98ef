"""Plays a city in virtual time: simulated agents, the real pipeline, store and sender, and a phone."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from pantau_collector.delivery.sender import Sender
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.inventory import Inventory
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.links import Links
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.recipients import EscalationLevel, NoticeRules, People, Recipient
from pantau_collector.pipeline import Pipeline
from pantau_collector.simulation.agents import INTERVAL_S, Agent, MemoryJournal, VirtualClock, to_record
from pantau_collector.store import Store
from pantau_contract.messages import Message as Wire
from pantau_contract.states import Cause, State

EPOCH_MS = 1_790_000_000_000


class ReceivedNotice(NamedTuple):
    """One notice as it arrived: second, kind, recipient, place, cause."""

    s: float
    kind: str
    recipient: str
    about: str
    cause: str
    key: str
    message: RenderedMessage


class Phone:
    """A transport that keeps each letter's key and notices. While `broken` it accepts nothing."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.received: list[ReceivedNotice] = []
        self.keys: list[str] = []
        self.broken: Callable[[str], bool] = lambda _url: False

    def send(self, url: str, message: RenderedMessage, *, kind: NoticeKind, key: str) -> None:  # noqa: ARG002 - as Transport has it
        if self.broken(url):
            raise ChannelError("no answer")
        self.keys.append(key)
        for notice in message.notices:
            about = notice.uplink or "/".join(filter(None, (notice.site, notice.device, notice.camera)))
            whom = url.rsplit("/", 1)[1]
            self.received.append(
                ReceivedNotice(self.clock.s, notice.kind, whom, about, notice.cause, f"{key} {about}", message)
            )


def recipient(name: str, *, owners: Iterable[str] = ()) -> Recipient:
    """Return a recipient with one channel."""
    return Recipient.model_validate({"id": name, "owners": list(owners), "urls": [f"json://localhost/{name}"]})


class Play:
    """Runs a story second by second, with the default rules except the grace after a start."""

    def __init__(
        self,
        folder: Path,
        sites: dict[str, int],
        *,
        recipients: Iterable[Recipient] = (),
        inventory: Inventory | None = None,
        rules: IncidentRules | None = None,
        notice_rules: NoticeRules | None = None,
        escalation: Iterable[EscalationLevel] = (),
    ) -> None:
        self.clock = VirtualClock(EPOCH_MS)
        self.journal = MemoryJournal()
        self.phone = Phone(self.clock)
        self.inventory = inventory or Inventory()
        self.recipients = list(recipients) or [recipient("noc")]
        self.people = People(recipient=self.recipients, escalation=list(escalation))
        self.rules = rules or IncidentRules(restart_grace_s=0)
        self.notice_rules = notice_rules or NoticeRules(gather_s=0)
        self.listening = True
        self.events: list[tuple[float, Callable[[], None]]] = []
        links = Links(public_url=None, secret=bytes, valid_s=1, time_ms=self.clock.time_ms)
        self.composer = Composer(links)
        self.store = Store.at(folder / "store.sqlite")
        self.agents = {
            site: Agent(site, self.clock, {f"cam{i + 1}": (State.OK, None, EPOCH_MS) for i in range(cameras)})
            for site, cameras in sites.items()
        }
        self.start()
        for agent in self.agents.values():
            self.hear(*agent.birth())

    def start(self) -> None:
        """Start the collector, also after a crash."""
        self.pipeline = Pipeline(
            self.journal,  # type: ignore[arg-type] # it has the journal's interface
            self.store,
            self.inventory,
            self.people,
            self.rules,
            self.clock,
            listening=lambda: self.listening,
            notice_rules=self.notice_rules,
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
        """Add events that happen at a second."""
        self.events += [(second, event) for event in events]

    def hear(self, *messages: Wire) -> None:
        """Receive messages."""
        self.journal.append([to_record(message, self.clock.time_ms()) for message in messages])

    def fail(self, site: str, camera: str, cause: Cause | None = Cause.STALLED) -> Callable[[], None]:
        return lambda: self.hear(*self.agents[site].set(camera, cause))

    def mend(self, site: str, camera: str) -> Callable[[], None]:
        return self.fail(site, camera, None)

    def cut(self, site: str, *, will: bool = True) -> Callable[[], None]:
        """Return an event that cuts the site's uplink; the broker reports that (`will`), or nobody does."""

        def event() -> None:
            agent = self.agents[site]
            agent.connected = False
            if will:
                self.hear(agent.death())

        return event

    def join(self, site: str) -> Callable[[], None]:
        """Return an event that restores the uplink: birth, all states again, a live batch, then the backlog."""

        def event() -> None:
            agent = self.agents[site]
            agent.connected = True
            agent.session += 1
            agent.next_s = self.clock.s + INTERVAL_S
            self.hear(*agent.birth(), agent.batch(), *agent.backlog)
            agent.backlog.clear()

        return event

    def run(self, until: float, *, by: float = 1.0) -> "Play":
        """Go on to a second."""
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
        """Send what is due, and wait for it."""
        while self.sender.run_once():
            for future in self.sender._in_flight.values():
                future.result()

    def received(self, kind: str | None = None) -> list[tuple[str, str, str, str]]:
        """Return kind, recipient, place and cause of the received notices, in their order."""
        return [
            (notice.kind, notice.recipient, notice.about, notice.cause)
            for notice in self.phone.received
            if kind is None or notice.kind == kind
        ]


class NoPictures:
    """A source without pictures."""

    def latest(self, site: str, camera: str) -> Path | None:  # noqa: ARG002 - as Pictures has it
        return None

    latest_good = latest


class Expected(NamedTuple):
    """A notice that must arrive at a second, or at most `within_s` later."""

    s: float
    kind: str
    about: str
    cause: str
    recipient: str = "noc"
    within_s: float = 3.0


def assert_received(play: Play, *expected: Expected) -> None:
    """Assert that exactly these notices arrived, each in its time."""
    arrived = [
        f"{notice.s:.0f}s {notice.kind} {notice.recipient} {notice.about} {notice.cause}"
        for notice in play.phone.received
    ]
    assert len(arrived) == len(expected), arrived
    rest = list(play.phone.received)
    for each in expected:
        found = [
            notice
            for notice in rest
            if (notice.kind, notice.about, notice.cause, notice.recipient)
            == (each.kind, each.about, each.cause, each.recipient)
            and 0 <= notice.s - each.s <= each.within_s
        ]
        assert found, f"not received: {each} in {arrived}"
        rest.remove(found[0])
