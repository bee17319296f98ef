import pytest

from pantau_agent.link.send_queue import (
    PAGE_SIZE,
    Outgoing,
    SendQueue,
)
from pantau_agent.spool import Batch


def batch(number: int) -> Batch:
    return Batch(number, "boot", number, 0, 0, None, b"%d" % number)


class Broker:
    """A broker that receives what is due, and acknowledges when the test says so."""

    def __init__(self, queue: SendQueue) -> None:
        self.queue = queue
        self.now_s = 0.0
        self.got: list[Outgoing] = []
        self.in_flight: list[int] = []

    def receive(self) -> list[str]:
        new = []
        while (message := self.queue.next(self.now_s)) is not None:
            self.got.append(message)
            self.in_flight.append(len(self.got))
            self.queue.sent(len(self.got), message, self.now_s)
            new.append(f"{message.kind.name.lower()} {message.camera or message.payload.decode()}")
        return new

    def acknowledge(self) -> None:
        for mid in self.in_flight:
            assert self.queue.acknowledged(mid) is not None
        self.in_flight.clear()

    def lose_connection(self) -> None:
        self.in_flight.clear()
        self.queue.disconnected()

    def drain(self, *, for_s: float) -> list[str]:
        """Return what comes within a time if every message is acknowledged at once."""
        until_s, got = self.now_s + for_s, []
        while self.now_s <= until_s:
            got += self.receive()
            self.acknowledge()
            self.now_s += 0.01
        return got


@pytest.fixture
def queue() -> SendQueue:
    return SendQueue(backlog_per_s=10)


def test_states_go_before_replies_before_live_before_snapshots_before_backlog(queue: SendQueue) -> None:
    queue.offer_state("gate", b"state", at_once=True)
    queue.offer_snapshot("gate", b"jpeg")
    queue.connected()
    queue.offer_backlog([batch(1)], more=False)
    queue.offer_live(batch(2))
    queue.offer_reply(b"reply")
    assert Broker(queue).receive() == ["state gate", "reply reply", "live 2", "snapshot gate", "backlog 1"]


def test_nothing_goes_without_a_connection(queue: SendQueue) -> None:
    queue.offer_state("gate", b"state", at_once=True)
    queue.offer_live(batch(1))
    queue.offer_reply(b"nobody waits for it any more")
    assert Broker(queue).receive() == []
    queue.connected()
    assert Broker(queue).receive() == ["state gate"]


def test_every_state_goes_anew_on_each_connection_and_in_between_only_when_it_changes(queue: SendQueue) -> None:
    broker = Broker(queue)
    queue.offer_state("gate", b"1", at_once=True)
    queue.offer_state("yard", b"1", at_once=False)
    queue.connected()
    assert sorted(broker.receive()) == ["state gate", "state yard"]
    queue.offer_state("gate", b"2", at_once=False)
    assert broker.receive() == []
    queue.offer_state("yard", b"2", at_once=True)
    assert broker.receive() == ["state yard"]
    queue.disconnected()
    queue.connected()
    assert sorted(broker.receive()) == ["state gate", "state yard"]
    assert {message.payload for message in broker.got[-2:]} == {b"2"}


def test_only_the_newest_snapshot_of_a_camera_waits_and_one_goes_at_a_time(queue: SendQueue) -> None:
    broker = Broker(queue)
    for payload in (b"old", b"new"):
        queue.offer_snapshot("gate", payload)
    queue.offer_snapshot("yard", b"other")
    queue.connected()
    assert broker.receive() == ["snapshot gate"]
    assert broker.got[0].payload == b"new"
    broker.acknowledge()
    assert broker.receive() == ["snapshot yard"]


def test_a_snapshot_that_was_in_flight_goes_again_unless_there_is_a_newer_one(queue: SendQueue) -> None:
    broker = Broker(queue)
    queue.offer_snapshot("gate", b"lost")
    queue.connected()
    broker.receive()
    queue.disconnected()
    queue.connected()
    broker.receive()
    assert broker.got[-1].payload == b"lost"
    queue.offer_snapshot("gate", b"newer")
    queue.disconnected()
    queue.connected()
    broker.receive()
    assert broker.got[-1].payload == b"newer"


def test_the_backlog_goes_at_its_rate_while_live_batches_overtake_it(queue: SendQueue) -> None:
    broker = Broker(queue)
    queue.connected()
    assert queue.backlog_after() == 0
    queue.offer_backlog([batch(number) for number in range(1, 51)], more=False)
    first = broker.drain(for_s=2)
    assert 19 <= len(first) <= 22
    queue.offer_live(batch(51))
    assert broker.receive() == ["live 51"]
    broker.acknowledge()
    rest = broker.drain(for_s=4)
    assert first + rest == [f"backlog {number}" for number in range(1, 51)]


def test_what_is_in_flight_is_bounded_and_live_batches_find_room_beside_the_backlog(queue: SendQueue) -> None:
    broker = Broker(queue)
    queue.connected()
    queue.offer_backlog([batch(number) for number in range(1, 51)], more=False)
    for _ in range(1000):
        broker.receive()
        broker.now_s += 0.1
    assert len(broker.got) == 8
    for number in range(100):
        queue.offer_state(f"camera-{number}", b"state", at_once=True)
    broker.receive()
    assert len(broker.got) == 20
    broker.acknowledge()
    broker.receive()
    assert len(broker.got) > 20


def test_the_backlog_is_read_page_by_page_and_a_batch_that_went_live_is_not_sent_again(queue: SendQueue) -> None:
    broker = Broker(queue)
    queue.connected()
    queue.offer_live(batch(PAGE_SIZE + 5))
    broker.receive()
    assert queue.backlog_after() == 0
    queue.offer_backlog([batch(number) for number in range(1, PAGE_SIZE + 1)], more=True)
    assert queue.backlog_after() is None
    assert len(broker.drain(for_s=PAGE_SIZE)) == PAGE_SIZE
    assert queue.backlog_after() == PAGE_SIZE
    queue.offer_backlog([batch(number) for number in range(PAGE_SIZE + 1, PAGE_SIZE + 6)], more=False)
    assert broker.drain(for_s=1) == [f"backlog {number}" for number in range(PAGE_SIZE + 1, PAGE_SIZE + 5)]
    assert queue.backlog_after() is None


def test_live_batches_that_find_no_room_come_with_the_backlog(queue: SendQueue) -> None:
    broker = Broker(queue)
    queue.connected()
    queue.offer_backlog([], more=False)
    for number in range(1, 101):
        queue.offer_live(batch(number))
        broker.receive()  # the broker acknowledges nothing
    broker.acknowledge()
    for _ in range(4):
        broker.drain(for_s=10)
        if (after := queue.backlog_after()) is not None:
            gone = {message.batch_id for message in broker.got}
            left = [batch(number) for number in range(after + 1, 101) if number not in gone]
            queue.offer_backlog(left[:PAGE_SIZE], more=len(left) > PAGE_SIZE)
    assert sorted(message.batch_id for message in broker.got) == list(range(1, 101))


def test_after_a_lost_connection_all_that_was_not_acknowledged_is_read_again(queue: SendQueue) -> None:
    broker = Broker(queue)
    queue.connected()
    queue.offer_backlog([batch(1), batch(2)], more=False)
    broker.drain(for_s=0)
    queue.offer_live(batch(3))
    broker.receive()
    broker.lose_connection()
    queue.connected()
    assert queue.backlog_after() == 0
    queue.offer_backlog([batch(2), batch(3)], more=False)
    assert broker.drain(for_s=1) == ["backlog 2", "backlog 3"]


def test_it_tells_for_how_long_the_oldest_message_has_waited_and_whether_all_live_is_done(
    queue: SendQueue,
) -> None:
    broker = Broker(queue)
    queue.connected()
    queue.offer_backlog([batch(1)], more=False)
    broker.receive()
    assert queue.live_done
    broker.now_s = 7
    queue.offer_live(batch(2))
    assert not queue.live_done
    broker.receive()
    assert not queue.live_done
    assert queue.unacknowledged_s(10) == 10
    broker.acknowledge()
    assert queue.live_done
    assert queue.unacknowledged_s(10) == 0
