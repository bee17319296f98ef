from collections.abc import Callable, Iterator
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from pantau_collector.config import NoticeRules, Recipient
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.notice import Delivery, Message, Notice, NoticeKind
from pantau_collector.notices.sender import Sender
from pantau_collector.notices.transport import AppriseTransport, Transport
from pantau_collector.store import Store, outbox_rows
from pantau_collector.store.outbox_rows import Status
from tests.collector.notices.facts import SINCE_MS, camera_notice, recipient
from tests.servers.process import until
from tests.servers.smtp import Mailbox

JPEG = b"\xff\xd8\xff\xe0" + bytes(1000) + b"\xff\xd9"


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def time_ms(self) -> int:
        return int(self.s * 1000)

    def monotonic(self) -> float:
        return self.s


class Album:
    """One picture, of every camera."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path

    def latest(self, site: str, camera: str) -> Path | None:  # noqa: ARG002 - as Pictures has it
        return self.path


class Recorder:
    """A transport that keeps what it is given, and fails where it is told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, NoticeKind, str]] = []
        self.attempts: list[tuple[str, bool]] = []
        self.fails: Callable[[str], bool] = lambda _url: False
        self.blocked: dict[str, Event] = {}

    def send(self, url: str, message: Message, *, kind: NoticeKind, key: str, picture: Path | None) -> None:  # noqa: ARG002
        self.attempts.append((url, picture is not None))
        if url in self.blocked:
            self.blocked[url].wait(20)
        if self.fails(url):
            raise ChannelError("no answer")
        self.sent.append((url, kind, key))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.at(tmp_path / "store.sqlite")
    yield store
    store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def put(store: Store, *deliveries: tuple[int, NoticeKind, str]) -> None:
    with store.begin() as connection:
        outbox_rows.add(
            connection,
            [Delivery(incident, kind, "noc", channel, notice(kind)) for incident, kind, channel in deliveries],
            created_ms=0,
        )


def notice(kind: NoticeKind) -> Notice:
    return camera_notice(kind)


def make(
    store: Store, transport: Transport, clock: Clock, *recipients: Recipient, album: Album | None = None
) -> Sender:
    rules = NoticeRules(max_attempts=5, first_retry_s=10, max_retry_s=60)
    return Sender(store, transport, recipients, rules, Composer(), album or Album(), clock)


def flush(sender: Sender) -> None:
    while sender.look():
        for future in sender._under_way.values():
            future.result(20)


def statuses(store: Store) -> list[tuple[str, int, str]]:
    with store.begin() as connection:
        rows = connection.exec_driver_sql("SELECT status, attempts, error FROM outbox ORDER BY id")
        return [(row.status, row.attempts, row.error) for row in rows]


OPENED, RESOLVED = NoticeKind.OPENED, NoticeKind.RESOLVED


def test_a_real_mail_has_subject_cause_remedy_owner_and_picture_and_so_does_the_recovery(
    store: Store, smtp: Mailbox, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures" / "simpang-kabil" / "timur"
    folder.mkdir(parents=True)
    (folder / "latest.jpg").write_bytes(JPEG)
    url = f"mailto://127.0.0.1:{smtp.port}/?from=pantau@batam.example&to=teknisi@batam.example"
    sender = make(store, AppriseTransport(), Clock(), recipient(url), album=Album(folder / "latest.jpg"))
    put(store, (12, OPENED, "1-mailto"), (12, RESOLVED, "1-mailto"))
    sender.start()
    try:
        mails = smtp.wait(2)
        assert until(lambda: [status for status, _, _ in statuses(store)] == ["sent", "sent"])
    finally:
        sender.stop()
    assert [mail["Subject"] for mail in mails] == [
        "[PADAM] Simpang Kabil / Kamera Timur: gambar diam membeku",
        "[PULIH] Simpang Kabil / Kamera Timur: gambar diam membeku (2 jam 5 menit)",
    ]
    assert mails[0]["To"] == "teknisi@batam.example"
    keys = {mail["X-Pantau-Key"] for mail in mails}
    assert keys == {f"{store.installation}-12-{SINCE_MS}-{kind}-noc-1-mailto" for kind in NoticeKind}
    for form in ("html", "plain"):
        body = part(mails[0], form)
        for words in ("Gambar diam membeku", "Nyalakan ulang kamera", "Dinas Perhubungan", "15.04 WIB"):
            assert words in body, (form, body)
    (picture,) = mails[0].iter_attachments()
    assert picture.get_content_type() == "image/jpeg"
    assert picture.get_filename() == "simpang-kabil-timur.jpg"
    assert picture.get_content() == JPEG


def part(mail: EmailMessage, form: str) -> str:
    body = mail.get_body((form,))
    assert body is not None
    return str(body.get_content())


def test_a_mail_server_that_refuses_is_tried_again(store: Store, smtp: Mailbox, clock: Clock) -> None:
    smtp.refusing = True
    url = f"mailto://127.0.0.1:{smtp.port}/?from=pantau@batam.example&to=teknisi@batam.example"
    sender = make(store, AppriseTransport(), clock, recipient(url))
    put(store, (1, OPENED, "1-mailto"))
    flush(sender)
    ((status, attempts, error),) = statuses(store)
    assert (status, attempts) == ("due", 1)
    assert "teknisi@batam.example" in error
    smtp.refusing = False
    flush(sender)
    assert smtp.mails == [], "it is not yet due"
    clock.s += 11
    flush(sender)
    assert len(smtp.wait(1)) == 1
    assert statuses(store) == [("sent", 2, "")]


def test_waits_double_and_after_the_last_attempt_it_is_a_dead_letter(store: Store, clock: Clock) -> None:
    phone = Recorder()
    phone.fails = lambda _url: True
    sender = make(store, phone, clock, recipient())
    put(store, (1, OPENED, "1-json"), (1, RESOLVED, "1-json"))
    tried: list[float] = []
    while clock.s < 400:
        before = len(phone.attempts)
        flush(sender)
        tried += [clock.s] * (len(phone.attempts) - before)
        clock.s += 1
    assert len(tried) == 5
    waits = [later - earlier for earlier, later in pairwise(tried)]
    for wait, longest in zip(waits, (10, 20, 40, 60), strict=True):
        assert 0.75 * longest <= wait <= longest + 1
    assert statuses(store) == [("dead", 5, "no answer"), ("dead", 0, "the outage was never told")]
    with store.begin() as connection:
        letters = outbox_rows.dead_letters(connection, 10)
    assert [(letter.kind, letter.recipient, letter.error) for letter in letters] == [
        (RESOLVED, "noc", "the outage was never told"),
        (OPENED, "noc", "no answer"),
    ]
    assert (sender.pending(), sender.dead()) == (0, 2)


def test_a_recovery_waits_until_the_outage_is_told(store: Store, clock: Clock) -> None:
    phone = Recorder()
    phone.fails = lambda _url: len(phone.attempts) < 3
    sender = make(store, phone, clock, recipient())
    put(store, (1, OPENED, "1-json"), (1, RESOLVED, "1-json"))
    for _ in range(60):
        flush(sender)
        clock.s += 2
    assert [kind for _, kind, _ in phone.sent] == [OPENED, RESOLVED]


def test_a_channel_that_hangs_or_fails_delays_no_other(store: Store, clock: Clock) -> None:
    phone = Recorder()
    hanging = phone.blocked["json://localhost/hangs"] = Event()
    phone.fails = lambda url: url.endswith("fails")
    sender = make(
        store,
        phone,
        clock,
        recipient("json://localhost/hangs", "json://localhost/fails", "json://localhost/works"),
    )
    put(store, *((incident, OPENED, f"{channel}-json") for incident in range(1, 21) for channel in (1, 2, 3)))

    def works() -> int:
        sender.look()
        return sum(url.endswith("works") for url, _, _ in phone.sent)

    try:
        assert until(lambda: works() == 20)
        assert sum(url.endswith("fails") for url, _ in phone.attempts) == 1, (
            "a channel that fails is tried with one"
        )
        assert sum(url.endswith("hangs") for url, _ in phone.attempts) == 1
    finally:
        hanging.set()


def test_one_notice_that_a_service_refuses_does_not_hold_back_the_rest_and_goes_without_picture_later(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "latest.jpg").write_bytes(JPEG)
    phone = Recorder()
    phone.fails = lambda _url: phone.attempts[-1][1] and len(phone.sent) == 0
    sender = make(store, phone, clock, recipient(), album=Album(tmp_path / "latest.jpg"))
    put(store, (1, OPENED, "1-json"))
    for _ in range(100):
        flush(sender)
        clock.s += 2
    assert [with_picture for _, with_picture in phone.attempts] == [True, True, True, False]
    assert len(phone.sent) == 1


def test_what_a_crash_left_in_sending_is_sent_again_with_the_same_key(store: Store, clock: Clock) -> None:
    put(store, (1, OPENED, "1-json"))
    with store.begin() as connection:
        (row,) = outbox_rows.unfinished(connection, 10)
        outbox_rows.start(connection, row)
    assert [status for status, _, _ in statuses(store)] == [Status.SENDING]
    phone = Recorder()
    flush(make(store, phone, clock, recipient()))
    assert [key for _, _, key in phone.sent] == [f"{store.installation}-1-{SINCE_MS}-opened-noc-1-json"]
    assert statuses(store) == [("sent", 2, "")]


def test_a_channel_that_is_no_longer_in_the_configuration_is_a_dead_letter(store: Store, clock: Clock) -> None:
    put(store, (1, OPENED, "2-json"))
    flush(make(store, Recorder(), clock, recipient()))
    assert statuses(store) == [("dead", 1, "the configuration no longer has this recipient or channel")]


def test_a_transport_that_breaks_is_tried_again(store: Store, clock: Clock) -> None:
    phone = Recorder()

    def breaks(_url: str) -> bool:
        if len(phone.attempts) == 1:
            raise ValueError("a plugin's own error")
        return False

    phone.fails = breaks
    sender = make(store, phone, clock, recipient())
    put(store, (1, OPENED, "1-json"))
    for _ in range(10):
        flush(sender)
        clock.s += 5
    assert len(phone.sent) == 1
