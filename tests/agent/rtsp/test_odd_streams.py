"""Streams that stray from the RFCs, rebuilt from public reports and from what FFmpeg shows: each is read.

Ten seconds are received, a packet each time. All pictures are counted, no loss is reported, and each keyframe that
is asked for can be decoded.
"""

import struct
from collections.abc import Callable, Iterator

import pytest

from pantau_agent.picture.worker import decode
from pantau_agent.rtsp.nal import H264Assembler
from pantau_agent.rtsp.reorder import ReorderBuffer
from pantau_agent.rtsp.rtp import Reception
from pantau_agent.streams.keyframe import Keyframe
from tests.agent.rtsp.footage import FPS, access_units
from tests.agent.rtsp.scripted import rtp

SECONDS = 10
STEP = 90_000 // FPS
PICTURES = SECONDS * FPS

Units = list[bytes]
Camera = Callable[[int, Units], list[bytes]]
"""Makes the packets of a picture out of its number and its NAL units."""


class Numbers:
    """Sequence numbers that go on."""

    def __init__(self) -> None:
        self.next = 1000

    def packet(self, timestamp: int, payload: bytes, *, marker: bool = False, ssrc: int = 7) -> bytes:
        self.next += 1
        return rtp(self.next, timestamp, payload, marker=marker, ssrc=ssrc)


def plain(numbers: Numbers, number: int, units: Units, **options: int) -> list[bytes]:
    """Return one packet for each unit."""
    last = len(units) - 1
    return [numbers.packet(number * STEP, unit, marker=at == last, **options) for at, unit in enumerate(units)]


def reolink_rlc_822a() -> Camera:
    """Parameter sets with the timestamp of the picture before, the first with a marker (scottlamb/retina#13)."""
    numbers = Numbers()

    def picture(number: int, units: Units) -> list[bytes]:
        sets = [unit for unit in units if unit[0] & 31 in {7, 8}]
        before = max(0, number - 1) * STEP
        sent = [numbers.packet(before, unit, marker=at == 0 == number) for at, unit in enumerate(sets)]
        return sent + plain(numbers, number, [unit for unit in units if unit not in sets])

    return picture


def costarhd() -> Camera:
    """Fragments that begin and end a unit in one packet (bluenviron/gortsplib#649)."""
    numbers = Numbers()
    return lambda number, units: plain(
        numbers, number, [bytes((unit[0] & 0xE0 | 28, 0xC0 | unit[0] & 31)) + unit[1:] for unit in units]
    )


def sender_reports_among_the_media() -> Camera:
    """RTCP comes on the channel of RTP (scottlamb/retina#46)."""
    numbers = Numbers()
    report = struct.pack("!BBHIIIIII", 0x80, 200, 6, 7, 0x83AA7E80, 0, 0, 0, 0)
    return lambda number, units: [*plain(numbers, number, units), *([report] if number % FPS == 3 else [])]


def an_empty_packet_with_the_marker() -> Camera:
    """The marker comes in a packet of its own, which holds nothing."""
    numbers = Numbers()
    return lambda number, units: [
        *(numbers.packet(number * STEP, unit) for unit in units),
        numbers.packet(number * STEP, b"", marker=True),
    ]


def delimiters_with_markers() -> Camera:
    """Each picture's delimiter has a marker, as a picture of its own would."""
    numbers = Numbers()
    return lambda number, units: [
        numbers.packet(number * STEP, b"\x09\xf0", marker=True),
        *plain(numbers, number, units),
    ]


def messages_with_timestamps_of_their_own() -> Camera:
    """The maker's messages (SEI) come between the pictures, with timestamps and markers of their own."""
    numbers = Numbers()
    message = b"\x06\x05\x30" + bytes(48) + b"\x80"
    return lambda number, units: [
        numbers.packet(number * STEP - 500, message, marker=True),
        *plain(numbers, number, units),
    ]


def filler_behind_pictures() -> Camera:
    """A constant bit rate is kept by filler data, which has the marker."""
    numbers = Numbers()
    return lambda number, units: plain(numbers, number, [*units, b"\x0c" + b"\xff" * 1200 + b"\x80"])


def prefixes_of_scalable_video() -> Camera:
    """A prefix unit (type 14, H.264's annex G) stands before each slice."""
    numbers = Numbers()

    def picture(number: int, units: Units) -> list[bytes]:
        sent: Units = []
        for unit in units:
            sent += [b"\x6e\x40\x80\x03", unit] if unit[0] & 31 in {1, 5} else [unit]
        return plain(numbers, number, sent)

    return picture


def zeros_behind_units() -> Camera:
    """Units end with zeros, which belong to no unit (scottlamb/retina#102)."""
    numbers = Numbers()
    return lambda number, units: plain(numbers, number, [unit + bytes(6) for unit in units])


def start_codes_before_units() -> Camera:
    """Each unit begins with a start code, in its own packet."""
    numbers = Numbers()
    return lambda number, units: plain(numbers, number, [b"\x00\x00\x00\x01" + unit for unit in units])


def two_pictures_with_one_timestamp() -> Camera:
    """Timestamps count at half the frame rate."""
    numbers = Numbers()
    return lambda number, units: plain(numbers, number // 2 * 2, units)


def no_numbers() -> Camera:
    """All packets have the sequence number 0, and FFmpeg shows them."""
    return lambda number, units: [
        rtp(0, number * STEP, unit, marker=at == len(units) - 1) for at, unit in enumerate(units)
    ]


def numbers_with_swapped_bytes() -> Camera:
    """Sequence numbers are written with the lower byte first."""
    numbers = Numbers()

    def picture(number: int, units: Units) -> list[bytes]:
        packets = plain(numbers, number, units)
        return [packet[:2] + packet[3:4] + packet[2:3] + packet[4:] for packet in packets]

    return picture


def a_sender_for_each_picture() -> Camera:
    """The SSRC is another one in each picture."""
    numbers = Numbers()
    return lambda number, units: plain(numbers, number, units, ssrc=number)


CAMERAS = [
    reolink_rlc_822a,
    costarhd,
    sender_reports_among_the_media,
    an_empty_packet_with_the_marker,
    delimiters_with_markers,
    messages_with_timestamps_of_their_own,
    filler_behind_pictures,
    prefixes_of_scalable_video,
    zeros_behind_units,
    start_codes_before_units,
    two_pictures_with_one_timestamp,
    no_numbers,
    numbers_with_swapped_bytes,
    a_sender_for_each_picture,
]
LATE = {no_numbers: FPS}
"""Pictures that are missing at the beginning, until it is known that numbers do not count."""


def stream(camera: Camera) -> Iterator[tuple[float, list[bytes]]]:
    """Iterate over arrival times and packets."""
    units = access_units()
    for number in range(PICTURES):
        yield 1 + number / FPS, camera(number, units[number % len(units)])


@pytest.mark.parametrize("make", CAMERAS)
@pytest.mark.parametrize("over_udp", [False, True])
def test_is_read_picture_by_picture(make: Callable[[], Camera], over_udp: bool) -> None:
    unit, delivered = H264Assembler(), list[Keyframe]()
    reception = Reception(96, 90_000, unit)
    buffer = ReorderBuffer(reception.receive, 96)
    receive = buffer.receive if over_udp else reception.receive
    for number, (now, packets) in enumerate(stream(make())):
        if number % FPS == 0:
            unit.request_keyframe(delivered.append)
        for packet in packets:
            receive(packet, 0, len(packet), now)
        buffer.release(now)
        if number % FPS == FPS - 1:
            counts = reception.snapshot()
    missing = LATE.get(make, 0)
    assert counts.frames == pytest.approx(PICTURES - missing, abs=3)
    assert counts.keyframes == pytest.approx(SECONDS - (missing + FPS - 1) // FPS, abs=1)
    assert counts.keyframe_interval == pytest.approx(1.0, abs=0.05)
    assert counts.lost == 0 or not counts.loss_valid
    assert len(delivered) >= SECONDS - 2
    for keyframe in delivered[1:]:
        picture, concealed = decode(keyframe.codec, keyframe.data)
        assert (picture.shape, concealed) == ((96, 128, 3), False)
