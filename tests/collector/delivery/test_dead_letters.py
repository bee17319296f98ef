"""A letter that is never accepted holds up nothing but itself."""

from pathlib import Path
from threading import Event

import pytest

from pantau_collector.delivery import sender as sender_module
from pantau_collector.delivery.sender import Sender
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.recipients import NoticeRules
from pantau_collector.store import Store
from tests.collector.delivery.sending import JPEG, Album, Clock, Recorder, flush, make, opened, put, statuses
from tests.collector.notices.examples import camera_notice, links, recipient
from tests.servers.process import until


class Refusing:
    """A service that never accepts incident 1, or pictures if `pictures`."""

    def __init__(self, *, for_good: bool, content: bool = False, pictures: bool = False) -> None:
        self.for_good, self.content, self.pictures = for_good, content, pictures
        self.tried: list[tuple[int, NoticeKind, bool]] = []
        self.sent: list[tuple[int, NoticeKind]] = []

    def send(self, _url: str, message: RenderedMessage, *, kind: NoticeKind, key: str) -> None:  # noqa: ARG002
        notice = message.notices[0]
        self.tried.append((notice.incident, notice.kind, bool(message.pictures)))
        if bool(message.pictures) if self.pictures else (notice.incident, notice.kind) == (1, NoticeKind.OPENED):
            raise ChannelError("never", for_good=self.for_good, content=self.content)
        self.sent.append((notice.incident, notice.kind))


@pytest.mark.parametrize("for_good", [True, False])
def test_the_next_outage_does_not_wait_for_a_letter_that_is_refused(
    store: Store, clock: Clock, for_good: bool
) -> None:
    service = Refusing(for_good=for_good)
    sender = Sender(store, service, [recipient()], NoticeRules(), Composer(links()), Album(), clock)
    put(store, opened(1))
    while clock.s < 3600:
        clock.s += 10
        flush(sender)
    for incident in (2, 3):
        put(store, opened(incident))
        flush(sender)
        assert service.sent[-1] == (incident, NoticeKind.OPENED), "at once"
    assert statuses(store)[0][0] == ("dead" if for_good else "due")
    if for_good:
        assert [incident for incident, _, _ in service.tried] == [1, 2, 3]


def test_an_escalation_does_not_wait_for_the_notice_of_its_outage_that_fails(store: Store, clock: Clock) -> None:
    service = Refusing(for_good=False)
    sender = make(store, service, clock, recipient())
    put(store, opened(1))
    flush(sender)
    put(store, camera_notice(NoticeKind.ESCALATED, 1))
    flush(sender)
    assert service.sent == [(1, NoticeKind.ESCALATED)]


def test_pictures_that_are_refused_for_good_are_left_out_at_once(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "now.jpg").write_bytes(JPEG)
    service = Refusing(for_good=True, content=True, pictures=True)
    sender = make(store, service, clock, recipient(), album=Album(tmp_path / "now.jpg"))
    put(store, opened(1))
    flush(sender)
    assert [pictured for _, _, pictured in service.tried] == [True, False]
    assert statuses(store) == [("sent", 1, "")]


def test_many_slow_recipients_of_one_server_hold_up_no_other_server(store: Store, clock: Clock) -> None:
    phone = Recorder()
    people = [recipient(f"json://slow/{i}", id=f"p{i}") for i in range(5)]
    hanging = Event()
    phone.blocked = {f"json://slow/{i}": hanging for i in range(5)}
    people.append(recipient("json://fast/x", id="fast"))
    rules = NoticeRules(parallel=2)
    sender = Sender(store, phone, people, rules, Composer(links()), Album(), clock)
    for each in people:
        put(store, opened(1), who=each.id)
    try:
        assert until(lambda: bool(sender.run_once() or True) and len(phone.sent) == 1)
        assert phone.channels() == ["x"]
        assert until(lambda: sum("slow" in url for url, _ in phone.attempts) == 2)
        sender.run_once()
        assert sum(recipient != "fast" for recipient, _ in sender._in_flight) == 2
    finally:
        hanging.set()
    assert until(lambda: bool(sender.run_once() or True) and len(phone.sent) == 6)


def test_a_slow_send_makes_room_for_another_to_the_same_server(store: Store, clock: Clock) -> None:
    assert sender_module.SLOW_AFTER_S == 2
    phone = Recorder()
    dripping = Event()
    phone.blocked = {f"json://shared/{i}": dripping for i in range(9)}
    people = [recipient(f"json://shared/{i}", id=f"a{i}") for i in range(9)]
    people.append(recipient("json://shared/works", id="z"))
    sender = Sender(store, phone, people, NoticeRules(parallel=2), Composer(links()), Album(), clock)
    for each in people:
        put(store, opened(1), who=each.id)
    started = []
    try:
        for _ in range(5):
            started.append(sender.run_once())
            started.append(sender.run_once())
            clock.s += 2
        assert started == [2, 0, 2, 0, 2, 0, 2, 0, 0, 0], "at most four times `parallel` at once"
        assert not phone.sent
    finally:
        dripping.set()
    assert until(lambda: bool(sender.run_once() or True) and len(phone.sent) == 10)


def test_what_failed_before_comes_last_where_a_server_takes_only_some_at_once(store: Store, clock: Clock) -> None:
    phone = Recorder()
    phone.fails = lambda url: "works" not in url
    people = [recipient("json://shared/fails", id="a"), recipient("json://shared/works", id="z")]
    sender = Sender(store, phone, people, NoticeRules(parallel=1), Composer(links()), Album(), clock)
    put(store, opened(1), who="a")
    flush(sender)
    clock.s += 60
    put(store, opened(2), who="a")
    put(store, opened(2), who="z")
    flush(sender)
    assert [url.rsplit("/", 1)[1] for url, _ in phone.attempts][1] == "works"


def test_stop_does_not_wait_ten_minutes_for_a_mail_server(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sender_module.STOP_WITHIN_S == 20
    monkeypatch.setattr(sender_module, "STOP_WITHIN_S", 0.1)
    phone = Recorder()
    hanging = phone.blocked["json://localhost/"] = Event()
    sender = make(store, phone, clock, recipient())
    put(store, opened(1))
    sender.start()
    try:
        assert until(lambda: bool(phone.attempts))
        sender.stop()
        assert not hanging.is_set()
        assert statuses(store) == [("sending", 1, "")], "it is sent again after the next start"
    finally:
        hanging.set()
    for future in sender._in_flight.values():
        future.result(60)
