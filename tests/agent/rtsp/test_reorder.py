import struct

from hypothesis import given
from hypothesis import strategies as st

from pantau_agent.rtsp.nal import H264Assembler
from pantau_agent.rtsp.reorder import HOLD_S, MAX_HELD, ReorderBuffer
from pantau_agent.rtsp.rtp import Reception
from tests.agent.rtsp.scripted import rtp

FIRST = 65_500
"""The first sequence number; the numbers wrap during the tests."""


class Line:
    """A buffer that is fed a packet each millisecond, and its output as numbers and times of arrival."""

    def __init__(self) -> None:
        self.out: list[tuple[int, float]] = []
        self.now = 100.0
        self.buffer = ReorderBuffer(self._receive, 96)
        self.reception = Reception(96, 90_000, H264Assembler())

    def _receive(self, buffer: bytes, start: int, end: int, now: float) -> None:
        self.reception.receive(buffer, start, end, now)
        self.out.append(((struct.unpack_from("!H", buffer, start + 2)[0] - FIRST) & 0xFFFF, now))

    def send(self, *numbers: int, ssrc: int = 7) -> None:
        for number in numbers:
            packet = rtp(FIRST + number, 90 * number, b"\x41\x9a\x00\x00", marker=True, ssrc=ssrc)
            self.now += 0.001
            self.buffer.receive(b"$0oo" + packet, 4, 4 + len(packet), self.now)

    def end(self) -> None:
        self.buffer.release(self.now + HOLD_S)

    @property
    def numbers(self) -> list[int]:
        return [number for number, _ in self.out]


@given(st.lists(st.integers(0, MAX_HELD), min_size=1, max_size=200))
def test_packets_that_changed_places_come_out_in_order_each_with_its_own_time(delays: list[int]) -> None:
    order = sorted(range(len(delays)), key=lambda number: (number + delays[number], number))
    line = Line()
    line.send(*order)
    line.end()
    assert line.numbers == list(range(len(delays)))
    assert [round((now - 100) * 1000) for _, now in line.out] == [order.index(n) + 1 for n in line.numbers]
    assert line.reception.lost == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=150))
def test_what_is_lost_is_counted_once_and_what_is_doubled_never(fates: list[tuple[int, int]]) -> None:
    came = sorted((number + delay, number) for number, (delay, _) in enumerate(fates))
    line = Line()
    line.send(*(number for _, number in came for _ in range(fates[number][1])))
    line.end()
    there = [number for number, (_, copies) in enumerate(fates) if copies]
    assert line.numbers == there
    assert line.reception.lost == (there[-1] - there[0] + 1 - len(there) if there else 0)


def test_packets_in_their_order_do_not_wait() -> None:
    line = Line()
    line.send(0)
    line.end()
    for number in range(1, 50):
        line.send(number)
        assert line.numbers[-1] == number
        assert line.buffer.due is None


def test_a_lost_packet_is_waited_for_so_long_and_with_so_many() -> None:
    line = Line()
    line.send(*range(10))
    line.end()
    line.send(11)
    assert line.buffer.due == line.now + HOLD_S
    line.buffer.release(line.now + HOLD_S / 2)
    assert line.numbers[-1] == 9
    line.end()
    assert line.numbers[-1] == 11
    line.send(*range(13, 13 + MAX_HELD))
    assert line.numbers[-1] == 11
    line.send(13 + MAX_HELD)
    assert line.numbers[-1] == 13 + MAX_HELD
    assert line.reception.lost == 2


def test_what_comes_after_it_was_passed_over_is_late_and_not_lost() -> None:
    line = Line()
    line.send(*range(10), 12)
    line.end()
    assert line.reception.lost == 2
    line.send(10, 10, 9, 13)
    assert line.reception.lost == 1
    assert line.numbers[-2:] == [10, 13]


def test_a_long_gap_is_loss_and_a_jump_is_a_sender_that_starts_anew() -> None:
    line = Line()
    line.send(*range(10), 500)
    line.end()
    assert (line.reception.lost, line.reception.restarts) == (490, 0)
    line.send(30_001, 30_000, 30_002)
    line.send(9, 8, ssrc=99)
    line.end()
    assert line.numbers[-5:] == [30_000, 30_001, 30_002, 8, 9]
    assert (line.reception.lost, line.reception.restarts) == (490, 2)


@given(st.lists(st.tuples(st.binary(max_size=20), st.integers(0, 0xFFFF), st.booleans()), max_size=300))
def test_whatever_comes_few_wait_and_not_for_ever(packets: list[tuple[bytes, int, bool]]) -> None:
    came: list[float] = []
    buffer = ReorderBuffer(lambda _buffer, _start, _end, now: came.append(now), 96)
    for number, (payload, sequence, whole) in enumerate(packets):
        packet = rtp(sequence, 0, payload, ssrc=number % 50 // 49) if whole else payload
        buffer.receive(packet, 0, len(packet), float(number))
        assert len(buffer._held) <= MAX_HELD
    buffer.release(1e9)
    assert buffer.due is None
    assert len(came) == len(set(came)) <= len(packets)


def test_packets_of_another_payload_type_do_not_disturb_the_order() -> None:
    came: list[int] = []
    buffer = ReorderBuffer(lambda data, start, _end, _now: came.append(data[start + 3]), 96)
    for i in range(10):
        others = rtp(5000, i, b"other", kind=50, ssrc=9), rtp(6000, i, b"other", kind=50)
        for packet in (rtp(i, i, b"video"), *others):
            buffer.receive(packet, 0, len(packet), 1 + i / 25)
        buffer.release(1.5 + i / 25)
    assert came == list(range(10))


def test_packets_of_one_number_that_are_no_repeats_are_passed_on() -> None:
    received: list[bytes] = []
    buffer = ReorderBuffer(lambda data, start, end, _: received.append(data[start:end]), 96)
    sent = [rtp(0, picture, bytes((part,)), ssrc=picture) for picture in range(5) for part in range(4)]
    for packet in sent:
        buffer.receive(packet, 0, len(packet), 1.0)
        buffer.receive(packet, 0, len(packet), 1.0)  # a repeat, which is dropped
    buffer.release(2.0)
    assert received == sent
