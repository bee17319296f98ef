import pytest

from pantau_agent.link.precedence import MAX_BACKLOG_UNDER_WAY, MAX_UNDER_WAY, PAGE, Outgoing, Precedence
from pantau_agent.spool import Batch


def batch(number: int) -> Batch:
    return Batch(number, "boot", number, 0, 0, None, b"%d" % number)


class Broker:
    """Takes what is due, and acknowledges when told."""

    def __init__(self, order: Precedence) -> None:
        self.order = order
        self.now_s = 0.0
        self.got: list[Outgoing] = []
        self.under_way: list[int] = []

    def take(self) -> list[str]:
        new = []
        while (message := self.order.next(self.now_s)) is not None:
            self.got.append(message)
            self.under_way.append(len(self.got))
            self.order.sent(len(self.got), message, self.now_s)
            new.append(f"{message.what.name.lower()} {message.camera or message.payload.decode()}")
        return new

    def acknowledge(self) -> None:
        for mid in self.under_way:
            assert self.order.acknowledged(mid) is not None
        self.under_way.clear()

    def lose_connection(self) -> None:
        self.under_way.clear()
        self.order.disconnected()

    def drain(self, *, for_s: float) -> list[str]:
        """All that comes within a time when every message is acknowledged at once."""
        until_s, got = self.now_s + for_s, []
        while self.now_s <= until_s:
            got += self.take()
            self.acknowledge()
            self.now_s += 0.01
        return got


@pytest.fixture
def order() -> Precedence:
    return Precedence(backlog_per_s=10)


def test_states_go_before_replies_before_live_before_snapshots_before_backlog(order: Precedence) -> None:
    order.offer_state("gate", b"state", at_once=True)
    order.offer_snapshot("gate", b"jpeg")
    order.connected()
    order.offer_backlog([batch(1)])
    order.offer_live(batch(2))
    order.offer_reply(b"reply")
    assert Broker(order).take() == ["state gate", "reply reply", "live 2", "snapshot gate", "backlog 1"]


def test_nothing_goes_without_a_connection(order: Precedence) -> None:
    order.offer_state("gate", b"state", at_once=True)
    order.offer_live(batch(1))
    order.offer_reply(b"nobody waits for it any more")
    assert Broker(order).take() == []
    order.connected()
    assert Broker(order).take() == ["state gate"]


def test_every_state_goes_anew_on_each_connection_and_in_between_only_when_it_changes(order: Precedence) -> None:
    broker = Broker(order)
    order.offer_state("gate", b"1", at_once=True)
    order.offer_state("yard", b"1", at_once=False)
    order.connected()
    assert sorted(broker.take()) == ["state gate", "state yard"]
    order.offer_state("gate", b"2", at_once=False)
    assert broker.take() == []
    order.offer_state("yard", b"2", at_once=True)
    assert broker.take() == ["state yard"]
    order.disconnected()
    order.connected()
    assert sorted(broker.take()) == ["state gate", "state yard"]
    assert {message.payload for message in broker.got[-2:]} == {b"2"}


def test_only_the_newest_snapshot_of_a_camera_waits_and_one_goes_at_a_time(order: Precedence) -> None:
    broker = Broker(order)
    for payload in (b"old", b"new"):
        order.offer_snapshot("gate", payload)
    order.offer_snapshot("yard", b"other")
    order.connected()
    assert broker.take() == ["snapshot gate"]
    assert broker.got[0].payload == b"new"
    broker.acknowledge()
    assert broker.take() == ["snapshot yard"]


def test_a_snapshot_that_was_under_way_goes_again_unless_there_is_a_newer_one(order: Precedence) -> None:
    broker = Broker(order)
    order.offer_snapshot("gate", b"lost")
    order.connected()
    broker.take()
    order.disconnected()
    order.connected()
    broker.take()
    assert broker.got[-1].payload == b"lost"
    order.offer_snapshot("gate", b"newer")
    order.disconnected()
    order.connected()
    broker.take()
    assert broker.got[-1].payload == b"newer"


def test_the_backlog_goes_at_its_rate_while_live_batches_overtake_it(order: Precedence) -> None:
    broker = Broker(order)
    order.connected()
    assert order.backlog_after() == 0
    order.offer_backlog([batch(number) for number in range(1, 51)])
    first = broker.drain(for_s=2)
    assert 19 <= len(first) <= 22
    order.offer_live(batch(51))
    assert broker.take() == ["live 51"]
    broker.acknowledge()
    rest = broker.drain(for_s=4)
    assert first + rest == [f"backlog {number}" for number in range(1, 51)]


def test_what_is_under_way_is_bounded_and_live_batches_find_room_beside_the_backlog(order: Precedence) -> None:
    broker = Broker(order)
    order.connected()
    order.offer_backlog([batch(number) for number in range(1, 51)])
    for _ in range(1000):
        broker.take()
        broker.now_s += 0.1
    assert len(broker.got) == MAX_BACKLOG_UNDER_WAY
    for number in range(100):
        order.offer_state(f"camera-{number}", b"state", at_once=True)
    broker.take()
    assert len(broker.got) == MAX_UNDER_WAY
    broker.acknowledge()
    broker.take()
    assert len(broker.got) > MAX_UNDER_WAY


def test_the_backlog_is_read_page_by_page_and_a_batch_that_went_live_is_not_sent_again(order: Precedence) -> None:
    broker = Broker(order)
    order.connected()
    order.offer_live(batch(PAGE + 5))
    broker.take()
    assert order.backlog_after() == 0
    order.offer_backlog([batch(number) for number in range(1, PAGE + 1)])
    assert order.backlog_after() is None
    assert len(broker.drain(for_s=PAGE)) == PAGE
    assert order.backlog_after() == PAGE
    order.offer_backlog([batch(number) for number in range(PAGE + 1, PAGE + 6)])
    assert broker.drain(for_s=1) == [f"backlog {number}" for number in range(PAGE + 1, PAGE + 5)]
    assert order.backlog_after() is None


def test_live_batches_that_find_no_room_come_with_the_backlog(order: Precedence) -> None:
    broker = Broker(order)
    order.connected()
    order.offer_backlog([])
    for number in range(1, 101):
        order.offer_live(batch(number))
        broker.take()  # the broker acknowledges nothing
    broker.acknowledge()
    for _ in range(4):
        broker.drain(for_s=10)
        if (after := order.backlog_after()) is not None:
            gone = {message.batch_id for message in broker.got}
            order.offer_backlog([batch(number) for number in range(after + 1, 101) if number not in gone][:PAGE])
    assert sorted(message.batch_id for message in broker.got) == list(range(1, 101))


def test_after_a_lost_connection_all_that_was_not_acknowledged_is_read_again(order: Precedence) -> None:
    broker = Broker(order)
    order.connected()
    order.offer_backlog([batch(1), batch(2)])
    broker.drain(for_s=0)
    order.offer_live(batch(3))
    broker.take()
    broker.lose_connection()
    order.connected()
    assert order.backlog_after() == 0
    order.offer_backlog([batch(2), batch(3)])
    assert broker.drain(for_s=1) == ["backlog 2", "backlog 3"]


def test_it_tells_for_how_long_the_oldest_message_has_waited_and_whether_all_live_is_done(
    order: Precedence,
) -> None:
    broker = Broker(order)
    order.connected()
    order.offer_backlog([batch(1)])
    broker.take()
    assert order.live_done
    broker.now_s = 7
    order.offer_live(batch(2))
    assert not order.live_done
    broker.take()
    assert not order.live_done
    assert order.waiting_s(10) == 10
    broker.acknowledge()
    assert order.live_done
    assert order.waiting_s(10) == 0
