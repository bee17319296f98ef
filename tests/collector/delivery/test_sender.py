from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from pantau_collector.clock import SystemClock
from pantau_collector.delivery.dispatch import dispatch
from pantau_collector.notices.notification import Notification
from pantau_collector.notices.recipients import Recipient
from pantau_collector.notices.transport import ChannelTransport
from pantau_collector.store import Store, notice_rows, outbox_rows, outbox_search
from pantau_collector.store.outbox_rows import Status
from tests.collector.delivery.sending import (
    GOOD_JPEG,
    JPEG,
    OPENED,
    RESOLVED,
    Album,
    Clock,
    Recorder,
    flush,
    make,
    opened,
    put,
    resolved,
    statuses,
)
from tests.collector.notices.examples import SINCE_MS, recipient
from tests.servers.process import until
from tests.servers.smtp import Mailbox


def test_a_real_mail_has_subject_cause_remedy_owner_and_pictures_and_so_does_the_recovery(
    store: Store, smtp: Mailbox, tmp_path: Path
) -> None:
    (tmp_path / "latest.jpg").write_bytes(JPEG)
    (tmp_path / "good.jpg").write_bytes(GOOD_JPEG)
    url = f"mailto://127.0.0.1:{smtp.port}/?from=pantau@batam.example&to=teknisi@batam.example"
    album = Album(tmp_path / "latest.jpg", tmp_path / "good.jpg")
    clock = SystemClock()
    sender = make(store, ChannelTransport(clock.time_ms), clock, recipient(url), album=album)
    put(store, opened(12), resolved(12))
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
    assert mails[0]["References"] == mails[1]["References"]
    assert mails[0]["Message-ID"] != mails[1]["Message-ID"]
    keys = [mail["X-Pantau-Key"] for mail in mails]
    assert keys == [f"{store.installation}-12-{SINCE_MS}-{kind}-noc-1-mailto" for kind in (OPENED, RESOLVED)]
    for form in ("html", "plain"):
        body = part(mails[0], form)
        for words in ("Gambar diam membeku", "Nyalakan ulang kamera", "Dinas Perhubungan", "15.04 WIB"):
            assert words in body, (form, body)
    lines = part(mails[0], "plain").splitlines()
    assert lines[:4] == ["Gambar diam membeku", "", "Lokasi: Simpang Kabil", "Kamera: Kamera Timur"]
    related = [each for each in mails[0].walk() if each.get_content_type() == "image/jpeg"]
    assert [each.get_content() for each in related] == [GOOD_JPEG, JPEG]
    for picture in related:
        assert f"cid:{picture['Content-ID'].strip('<>')}" in part(mails[0], "html")
        assert picture.get_content_disposition() == "inline"


def test_a_recipient_without_pictures_gets_none_and_no_word_of_them(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "latest.jpg").write_bytes(JPEG)
    transport = Recorder()
    album = Album(tmp_path / "latest.jpg", tmp_path / "latest.jpg")
    without = recipient("json://localhost/without").model_copy(update={"pictures": False})
    sender = make(store, transport, clock, without, album=album)
    put(store, opened(12))
    flush(sender)
    [message] = transport.messages
    assert message.pictures == ()
    assert "cid:" not in message.html
    assert ".jpg" not in message.html + message.text


def part(mail: EmailMessage, form: str) -> str:
    body = mail.get_body((form,))
    assert body is not None
    return str(body.get_content())


def test_a_mail_server_that_refuses_is_tried_again(store: Store, smtp: Mailbox, clock: Clock) -> None:
    smtp.refusing = True
    url = f"mailto://127.0.0.1:{smtp.port}/?from=pantau@batam.example&to=teknisi@batam.example"
    sender = make(store, ChannelTransport(clock.time_ms), clock, recipient(url))
    put(store, opened())
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
    put(store, opened(), resolved())
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
        letters = outbox_search.list_sendings(connection, [Status.DEAD], 10)
    assert [(letter.kind, letter.recipient, letter.error) for letter in letters] == [
        (OPENED, "noc", "no answer"),
        (RESOLVED, "noc", "the outage was never told"),
    ]
    assert (sender.pending(), sender.dead()) == (0, 2)


def test_a_recovery_waits_until_the_outage_is_told(store: Store, clock: Clock) -> None:
    phone = Recorder()
    phone.fails = lambda _url: len(phone.attempts) < 3
    sender = make(store, phone, clock, recipient())
    put(store, opened(), resolved())
    for _ in range(60):
        flush(sender)
        clock.s += 2
    assert [kind for _, kind, _ in phone.sent] == [OPENED, RESOLVED]


URLS = ("json://localhost/hangs", "json://localhost/fails", "json://localhost/works")


def test_a_channel_that_hangs_or_fails_delays_no_other(store: Store, clock: Clock) -> None:
    phone = Recorder()
    hanging = phone.blocked["json://localhost/hangs"] = Event()
    phone.fails = lambda url: url.endswith("fails")
    sender = make(
        store,
        phone,
        clock,
        recipient(*URLS),
    )
    for incident in range(1, 21):
        put(store, opened(incident))
        with store.begin() as connection:
            dispatch(connection, {"noc": recipient(*URLS)}, 0)

    def works() -> int:
        sender.run_once()
        return sum(url.endswith("works") for url, _, _ in phone.sent)

    try:
        assert until(lambda: works() == 20)
        assert sum(url.endswith("fails") for url, _ in phone.attempts) == 2, (
            "a channel on which two letters have failed waits"
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
    put(store, opened())
    for _ in range(100):
        flush(sender)
        clock.s += 2
    assert [with_picture for _, with_picture in phone.attempts] == [True, True, True, False]
    assert len(phone.sent) == 1


def test_what_a_crash_left_in_sending_is_sent_again_with_the_same_key(store: Store, clock: Clock) -> None:
    put(store, opened())
    with store.begin() as connection:
        dispatch(connection, {"noc": recipient()}, 0)
        (row,) = outbox_rows.unfinished(connection, 10)
        outbox_rows.start(connection, row)
    assert [status for status, _, _ in statuses(store)] == [Status.SENDING]
    phone = Recorder()
    flush(make(store, phone, clock, recipient()))
    assert [key for _, _, key in phone.sent] == [f"{store.installation}-1-{SINCE_MS}-opened-noc-1-json"]
    assert statuses(store) == [("sent", 2, "")]


@pytest.mark.parametrize("config", [recipient(id="other"), recipient("json://localhost/")])
def test_a_recipient_or_channel_that_is_no_longer_in_the_configuration_is_a_dead_letter(
    store: Store, clock: Clock, config: Recipient
) -> None:
    put(store, opened())
    if config.id == "noc":
        with store.begin() as connection:
            dispatch(connection, {"noc": recipient("xml://localhost/")}, 0)
    flush(make(store, Recorder(), clock, config))
    assert statuses(store) == [("dead", 0, "the configuration no longer has this recipient or channel")]


def test_of_several_recoveries_only_those_are_told_whose_outage_was(store: Store, clock: Clock) -> None:
    phone = Recorder()
    sender = make(store, phone, clock, recipient())
    put(store, opened(1))
    flush(sender)
    put(store, resolved(1), resolved(2))
    flush(sender)
    assert [notice.incident for notice in phone.messages[-1].notices] == [1]


def test_a_digest_is_one_message_with_one_key_at_the_end_of_the_quiet_hours(store: Store, clock: Clock) -> None:
    phone = Recorder()
    sender = make(store, phone, clock, recipient())
    put(store, opened(1), opened(2), resolved(1), ready_ms=50_000, held=True)
    flush(sender)
    assert phone.sent == []
    assert (sender.held(), sender.pending()) == (3, 0)
    clock.s = 50
    flush(sender)
    assert [len(message.notices) for message in phone.messages] == [3]
    assert phone.messages[0].subject == "[RINGKASAN] 1 masih berlangsung, 1 sudah pulih"
    put(store, resolved(2))
    flush(sender)
    assert [kind for _, kind, _ in phone.sent] == [RESOLVED, RESOLVED], "who had the digest is told of the end"


def test_a_storm_is_a_few_messages_and_digests(store: Store, clock: Clock) -> None:
    phone = Recorder()
    sender = make(store, phone, clock, recipient(hourly_limit=3))
    for incident in range(1, 61):
        put(store, opened(incident), ready_ms=0)
        flush(sender)
        clock.s += 60
    flush(sender)
    assert [len(message.notices) for message in phone.messages] == [1, 1, 1, 58 - 1]
    clock.s += 3600
    flush(sender)
    received = [notice.incident for message in phone.messages for notice in message.notices]
    assert sorted(received) == list(range(1, 61))


def test_what_was_made_before_the_clock_was_set_back_does_not_wait_for_that_time(
    store: Store, clock: Clock
) -> None:
    phone = Recorder()
    clock.s = 1000
    with store.begin() as connection:
        notice_rows.add(connection, [Notification("noc", opened(), 90_000_000)], created_ms=89_970_000)
    flush(make(store, phone, clock, recipient()))
    assert len(phone.sent) == 1


def test_a_transport_that_breaks_is_tried_again(store: Store, clock: Clock) -> None:
    phone = Recorder()

    def breaks(_url: str) -> bool:
        if len(phone.attempts) == 1:
            raise ValueError("a plugin's own error")
        return False

    phone.fails = breaks
    sender = make(store, phone, clock, recipient())
    put(store, opened())
    for _ in range(10):
        flush(sender)
        clock.s += 5
    assert len(phone.sent) == 1
