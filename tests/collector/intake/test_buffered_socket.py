"""The socket that paho reads from, over a real pair of sockets."""

import random
import socket
import struct
import tracemalloc
from collections.abc import Iterable, Iterator

import pytest

from pantau_collector.intake import buffered_socket
from pantau_collector.intake.buffered_socket import Arriving, BufferedSocket

PINGRESP = b"\xd0\x00"


def publish(topic: bytes, size: int, *, mid: int = 7, qos: int = 1) -> bytes:
    body = struct.pack("!H", len(topic)) + topic + (struct.pack("!H", mid) if qos else b"") + b"p" * size
    return bytes([0x30 | qos << 1]) + varint(len(body)) + body


def varint(value: int) -> bytes:
    encoded = bytearray()
    while True:
        value, byte = divmod(value, 128)
        encoded.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(encoded)


class Line:
    """Both ends of a connection; `packets` reads as paho does."""

    def __init__(self, unwanted: bytes = b"flood") -> None:
        self.broker, ours = socket.socketpair()
        self.broker.setblocking(False)
        ours.setblocking(False)
        self.asked: list[tuple[bytes, int]] = []
        self.seen: list[tuple[bytes, int]] = []
        self.is_wary = False
        self._unwanted = unwanted
        self.socket = BufferedSocket(ours, self)
        self.packet = bytearray()
        self.wanted = 1

    def look_ahead(self, packets: Iterable[Arriving]) -> None:
        self.seen += [(each.topic, each.size) for each in packets]

    def is_wanted(self, topic: bytes, size: int) -> bool:
        self.asked.append((topic, size))
        return self._unwanted not in topic

    def packets(self) -> Iterator[bytes]:
        """Yield the packets that have come whole."""
        while True:
            try:
                yield self.next_packet()
            except BlockingIOError:
                return

    def next_packet(self) -> bytes:
        while True:
            if len(self.packet) < 2 or (len(self.packet) < 6 and self.packet[-1] >= 0x80 and self.wanted == 1):
                data = self.socket.recv(1)
                if not data:
                    raise ConnectionError
                self.packet += data
                if len(self.packet) > 1 and self.packet[-1] < 0x80:
                    self.wanted = sum((byte & 127) << 7 * at for at, byte in enumerate(self.packet[1:])) + len(
                        self.packet
                    )
                continue
            while len(self.packet) < self.wanted:
                data = self.socket.recv(self.wanted - len(self.packet))
                if not data:
                    raise ConnectionError
                self.packet += data
            whole, self.packet, self.wanted = bytes(self.packet), bytearray(), 1
            return whole

    def exchange(self, data: bytes | memoryview, step: int = 100_000) -> list[bytes]:
        """Send from the broker in steps, and return the packets that were read meanwhile."""
        read: list[bytes] = []
        while data:
            try:
                sent = self.broker.send(data[:step])
            except BlockingIOError:
                sent = 0
            data = data[sent:]
            read += self.packets()
        return read

    def replies(self) -> bytes:
        self.socket.flush()
        try:
            return self.broker.recv(1 << 20)
        except BlockingIOError:
            return b""


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.broker.close()
    made.socket.close()


def test_a_packet_is_asked_for_from_64_kib_on() -> None:
    assert buffered_socket.LARGE == 65_536
    assert buffered_socket.MAX_PACKET == 8_388_608


@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 20])
def test_packets_come_whole_and_in_order_however_they_arrive(line: Line, step: int) -> None:
    sent = [publish(b"a", 3), PINGRESP, publish(b"b/c", 0, qos=0), publish(b"d", 300), PINGRESP]
    if step > 7:
        sent += [publish(b"e", 70_000), publish(b"f", 700_000), PINGRESP]
    assert line.exchange(b"".join(sent), step) == sent
    assert line.asked == ([(b"e", 70_009), (b"f", 700_009)] if step > 7 else [])
    assert line.replies() == b""


@pytest.mark.parametrize("step", [999, 65_537, 1 << 20])
def test_large_messages_that_nobody_wants_are_acknowledged_and_never_seen(line: Line, step: int) -> None:
    sent = [
        *(publish(b"flood", 100_000, mid=1), publish(b"a", 5), publish(b"flood", 2_000_000, mid=0x1234)),
        *(publish(b"flood", 70_000, qos=0), publish(b"b", 100_000), publish(b"flood", 10), PINGRESP),
    ]
    assert line.exchange(b"".join(sent), step) == [sent[1], sent[4], sent[5], sent[6]]
    assert line.replies() == b"\x40\x02\x00\x01" + b"\x40\x02\x12\x34"


def test_an_unwanted_message_takes_no_memory(line: Line) -> None:
    whole = memoryview(publish(b"flood", 8 << 20))
    tracemalloc.start()
    try:
        line.exchange(whole)
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


def test_any_cuts_of_any_packets_give_the_wanted_ones(line: Line) -> None:
    rng = random.Random(3)
    sent = [
        publish(rng.choice([b"flood", b"a" * rng.choice([1, 1000, 60_000])]), rng.choice([0, 50, 66_000, 300_000]))
        for _ in range(60)
    ]
    wanted = [each for each in sent if b"flood" not in each[:20] or len(each) < 66_000]
    data, read = b"".join(sent), []
    while data:
        cut = rng.choice([1, 5, 500, 70_000, 400_000])
        read += line.exchange(data[:cut])
        data = data[cut:]
    assert read == wanted


def test_the_end_of_the_connection_is_seen_wherever_it_comes() -> None:
    whole = publish(b"flood", 100_000)
    for cut in (0, 1, 3, 8, 50_000):
        line = Line()
        line.broker.send(whole[:cut])
        line.broker.close()
        with pytest.raises(ConnectionError):
            line.next_packet()
        line.socket.close()


def test_a_packet_that_no_message_can_be_ends_the_connection(line: Line) -> None:
    line.broker.send(b"\x90" + varint(200 << 20))
    with pytest.raises(OSError, match="announces a packet of 209715200 bytes"):
        list(line.packets())


def test_a_message_larger_than_any_is_not_read_if_it_is_not_wanted(line: Line) -> None:
    line.broker.send(b"\x32" + varint(200 << 20) + b"\x00\x05flood\x00\x01" + b"x" * 1000)
    assert list(line.packets()) == []
    assert line.replies() == b"\x40\x02\x00\x01"


def test_what_is_sent_leaves_together_and_a_broken_line_is_told_at_the_next(line: Line) -> None:
    assert line.socket.send(b"one") + line.socket.send(bytearray(b"two")) == 6
    assert line.replies() == b"onetwo"
    while not line.socket.has_unsent:
        line.socket.send(b"x" * 100_000)
        line.socket.flush()
    assert len(line.replies()) > 50_000
    line.broker.close()
    line.socket.send(b"more")
    line.socket.flush()
    with pytest.raises(OSError, match=r"pipe|reset"):
        line.socket.send(b"again")


@pytest.mark.parametrize("step", [1, 999, 1 << 20])
def test_while_we_are_wary_small_messages_are_asked_for_too(line: Line, step: int) -> None:
    line.is_wary = True
    sent = [
        *(publish(b"flood", 5, mid=1), publish(b"a", 5), publish(b"flood", 0, qos=0), publish(b"b", 0, qos=0)),
        *(PINGRESP, publish(b"flood", 300, mid=0x1234), publish(b"c", 70_000)),
    ]
    assert line.exchange(b"".join(sent), step) == [sent[1], sent[3], sent[4], sent[6]]
    assert [topic for topic, _ in line.asked] == [b"flood", b"a", b"flood", b"b", b"flood", b"c"]
    assert line.replies() == b"\x40\x02\x00\x01" + b"\x40\x02\x12\x34"


def test_all_that_has_come_is_seen_before_the_first_of_it_is_read(line: Line) -> None:
    line.broker.send(publish(b"a", 5) * 3 + PINGRESP + publish(b"b", 10)[:-3])
    assert line.next_packet() == publish(b"a", 5)
    assert line.seen == [(b"a", 12)] * 3 + [(b"", 2), (b"b", 17)]
    line.broker.send(publish(b"b", 10)[-3:])
    assert [len(each) for each in line.packets()] == [12, 12, 2, 17]
    assert len(line.seen) == 5


def test_a_flood_that_nobody_wants_leaves_time_to_send(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffered_socket, "_PAUSE_AFTER", 10_000)
    line.is_wary = True
    line.broker.send(publish(b"flood", 1000) * 25 + PINGRESP)
    for acknowledged in (10, 10):
        with pytest.raises(BlockingIOError):
            line.socket.recv(1)
        assert line.socket.has_paused
        assert line.replies() == b"\x40\x02\x00\x07" * acknowledged
    assert line.socket.recv(2) == PINGRESP
    assert not line.socket.has_paused


def test_what_is_no_packet_of_mqtt_is_left_to_paho(line: Line) -> None:
    line.is_wary = True
    wrong = b"\x30\x04\xff\xffab"  # its topic is longer than it is
    line.broker.send(wrong + PINGRESP)
    assert list(line.packets()) == [wrong, PINGRESP]
    line.broker.send(b"\x30\xff\xff\xff\xff\xff")
    assert [line.socket.recv(1) for _ in range(5)] == [b"\x30", *[b"\xff"] * 4]
