"""kill -9 at every write: what was batched, held or limited comes in the same messages in the end."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from pantau_collector.delivery.sender import Sender
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.notification import Notification
from pantau_collector.notices.recipients import NoticeRules
from pantau_collector.store import Store, notice_rows
from tests.collector.delivery.sending import Album, Clock
from tests.collector.notices.examples import camera_notice, links, recipient

OPENED, RESOLVED = NoticeKind.OPENED, NoticeKind.RESOLVED
WHO = [
    recipient("json://h/quiet", id="quiet"),
    recipient("json://h/limited", id="limited", hourly_limit=2),
    recipient("json://h/one", "json://h/two", id="ordered", delivery="in_order", next_channel_after=1),
]
NOTIFICATIONS = [
    *(Notification("quiet", camera_notice(OPENED, i), 40_000, held=True) for i in (1, 2, 3)),
    Notification("quiet", camera_notice(RESOLVED, 2), 40_000, held=True),
    *(Notification("limited", camera_notice(OPENED, i), (i - 3) * 10_000) for i in (4, 5, 6, 7)),
    *(Notification("ordered", camera_notice(OPENED, i), 20_000) for i in (8, 9)),
]
EXPECTED = Counter(
    (notification.recipient, notification.notice.incident, notification.notice.kind)
    for notification in NOTIFICATIONS
)


class KilledError(BaseException):
    """Stands for a kill -9: no handler of the sender catches it."""


class Phone:
    """Keeps letters by their keys; one channel accepts nothing."""

    def __init__(self) -> None:
        self.letters: dict[str, tuple[str, RenderedMessage]] = {}
        self.repeats = 0

    def send(self, url: str, message: RenderedMessage, *, kind: NoticeKind, key: str) -> None:  # noqa: ARG002 - as Transport has it
        if url.endswith("one"):
            raise ChannelError("no answer")
        if key in self.letters:
            self.repeats += 1
            assert self.letters[key][1].notices == message.notices
        self.letters[key] = (url, message)

    def received(self) -> Counter[tuple[str, int, str]]:
        names = {"quiet": "quiet", "limited": "limited", "two": "ordered"}
        return Counter(
            (names[url.rsplit("/", 1)[1]], notice.incident, notice.kind)
            for url, message in self.letters.values()
            for notice in message.notices
        )


@contextmanager
def killed_at(store: Store, write: int, *, committed: bool) -> Iterator[list[int]]:
    """Die at the nth transaction: just before it is on disk, or just after."""
    begin, count = store.begin, [0]

    @contextmanager
    def begin_or_die() -> Iterator[Connection]:
        with begin() as connection:
            yield connection
            count[0] += 1
            if count[0] == write and not committed:
                raise KilledError
        if count[0] == write and committed:
            count[0] += 1
            raise KilledError

    store.begin = begin_or_die  # type: ignore[method-assign] # to die within it
    yield count
    store.begin = begin  # type: ignore[method-assign] # as it was


def run(folder: Path, *, kill_at: int, committed: bool = False) -> tuple[Phone, int]:
    store, clock, phone = Store.at(folder / "store.sqlite"), Clock(), Phone()
    rules = NoticeRules(first_retry_s=5, max_retry_s=20)

    def start() -> Sender:
        return Sender(store, phone, WHO, rules, Composer(links()), Album(), clock)

    with store.begin() as connection:
        for notification in NOTIFICATIONS:
            made_ms = notification.ready_ms if notification.recipient == "limited" else 0
            notice_rows.add(connection, [notification], created_ms=made_ms)
    sender = start()
    with killed_at(store, kill_at, committed=committed) as count:
        while clock.s < 6000:
            try:
                while sender.run_once():
                    for future in sender._in_flight.values():
                        future.result()
            except KilledError:
                sender = start()
            clock.s += 10 if clock.s < 100 else 600
    store.close()
    return phone, count[0]


def test_killed_at_any_write_the_same_messages_come_in_the_end(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole, total = run(tmp_path / "whole", kill_at=0)
    assert whole.received() == EXPECTED
    assert sorted(len(message.notices) for _, message in whole.letters.values()) == [1, 1, 2, 2, 4]
    assert total > 20
    for committed in (False, True):
        for write in range(1, total + 1):
            folder = tmp_path / f"{write}-{committed}"
            folder.mkdir()
            phone, _ = run(folder, kill_at=write, committed=committed)
            assert phone.received() == EXPECTED, f"killed at write {write}, committed: {committed}"
            assert phone.repeats <= 1
