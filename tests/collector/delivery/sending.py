"""A sender with a transport that keeps what it receives, and a clock that is moved by hand."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

from pantau_collector import clock as clocks
from pantau_collector.delivery.sender import Sender
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.notice import Notice, NoticeKind
from pantau_collector.notices.notification import Notification
from pantau_collector.notices.recipients import NoticeRules, Recipient
from pantau_collector.notices.transport import Transport
from pantau_collector.store import Store, notice_rows
from tests.collector.notices.examples import camera_notice, links

OPENED, RESOLVED = NoticeKind.OPENED, NoticeKind.RESOLVED
GOOD_JPEG = b"\xff\xd8\xff\xe0" + bytes(900) + b"\xff\xd9"
JPEG = b"\xff\xd8\xff\xe0" + bytes(1000) + b"\xff\xd9"


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def time_ms(self) -> int:
        return int(self.s * 1000)

    def monotonic(self) -> float:
        return self.s


class Album:
    """A source with the same picture of every camera."""

    def __init__(self, path: Path | None = None, good: Path | None = None) -> None:
        self.path = path
        self.good = good

    def latest(self, site: str, camera: str) -> Path | None:  # noqa: ARG002 - as Pictures has it
        return self.path

    def latest_good(self, site: str, camera: str) -> Path | None:  # noqa: ARG002 - as Pictures has it
        return self.good


class Recorder:
    """A transport that keeps what it receives, and fails where a test makes it fail."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, NoticeKind, str]] = []
        self.messages: list[RenderedMessage] = []
        self.attempts: list[tuple[str, bool]] = []
        self.fails: Callable[[str], bool] = lambda _url: False
        self.for_good = False
        self.blocked: dict[str, Event] = {}

    def send(self, url: str, message: RenderedMessage, *, kind: NoticeKind, key: str) -> None:
        self.attempts.append((url, bool(message.pictures)))
        if url in self.blocked:
            self.blocked[url].wait(60)
        if self.fails(url):
            raise ChannelError("no answer", for_good=self.for_good)
        self.sent.append((url, kind, key))
        self.messages.append(message)

    def channels(self) -> list[str]:
        return [url.rsplit("/", 1)[1] for url, _, _ in self.sent]


def put(store: Store, *notices: Notice, who: str = "noc", ready_ms: int = 0, held: bool = False) -> None:
    """Add notifications, each in a letter of its own unless it is ready with others of its kind."""
    with store.begin() as connection:
        notifications = [Notification(who, notice, ready_ms, held, str(i)) for i, notice in enumerate(notices)]
        notice_rows.add(connection, notifications, created_ms=0)


def opened(incident: int = 1) -> Notice:
    return camera_notice(OPENED, incident)


def resolved(incident: int = 1) -> Notice:
    return camera_notice(RESOLVED, incident)


def make(
    store: Store, transport: Transport, clock: clocks.Clock, *recipients: Recipient, album: Album | None = None
) -> Sender:
    rules = NoticeRules(max_attempts=5, first_retry_s=10, max_retry_s=60)
    return Sender(store, transport, recipients, rules, Composer(links()), album or Album(), clock)


def flush(sender: Sender) -> None:
    while sender.run_once():
        for future in sender._in_flight.values():
            future.result(60)


def statuses(store: Store) -> list[tuple[str, int, str]]:
    with store.begin() as connection:
        rows = connection.exec_driver_sql("SELECT status, attempts, error FROM outbox ORDER BY id")
        return [(row.status, row.attempts, row.error) for row in rows]
