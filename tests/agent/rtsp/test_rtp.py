import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_agent.rtsp.nal import H264Assembler
from pantau_agent.rtsp.rtp import Reception, SenderClock
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.keyframe import Keyframe
from tests.agent.rtsp.footage import access_units
from tests.agent.rtsp.scripted import packets_of, rtp

KEY, DELTA = b"\x65\x88\x80\x00", b"\x41\x9a\x00\x00"
STEP = 3600


def reception(unit: H264Assembler | None = None) -> Reception:
    return Reception(96, 90000, unit or H264Assembler())


def receive(stream: Reception, packet: bytes, now: float = 1.0) -> None:
    stream.receive(packet, 0, len(packet), now)


def played(
    count: int, *, first: int = 0, gone: frozenset[int] = frozenset(), order: list[int] | None = None
) -> Reception:
    """Receive one frame per packet, 25 a second, on time; some packets are missing."""
    stream = reception()
    for i in order or range(count):
        if i not in gone:
            receive(stream, rtp(first + i, i * STEP, DELTA if i % 25 else KEY, marker=True), 1 + i / 25)
    return stream


def test_frames_keyframes_and_octets_are_counted() -> None:
    stream = played(76)
    assert (stream.frames, stream.keyframes, stream.deltas, stream.packets) == (76, 4, 72, 76)
    assert stream.octets == 76 * 16
    assert stream.delta_octets == 72 * 16
    assert stream.keyframe_interval == pytest.approx(1.0)
    assert stream.lost == 0
    assert stream.last_packet == stream.last_frame == 1 + 75 / 25


def test_lost_packets_are_counted_over_the_wrap_of_sequence_numbers() -> None:
    assert played(200, first=65_500, gone=frozenset({10, 36, 37, 38, 150})).lost == 5


def test_what_comes_late_or_twice_is_not_lost() -> None:
    order = list(range(100))
    order[40], order[41], order[42] = 42, 40, 41
    assert played(100, order=order).lost == 0
    assert played(100, order=[*range(50), 49, 48, *range(50, 100)]).lost == 0


def test_a_sender_that_starts_anew_has_lost_nothing() -> None:
    stream = reception()
    for i in range(10):
        receive(stream, rtp(i, i * STEP, DELTA, marker=True), 1 + i / 25)
    for i in range(10):
        receive(stream, rtp(30_000 + i, i * STEP, DELTA, marker=True), 2 + i / 25)
    for i in range(10):
        receive(stream, rtp(5 + i, i * STEP, DELTA, marker=True, ssrc=99), 3 + i / 25)
    assert (stream.lost, stream.restarts, stream.frames) == (0, 2, 30)


def test_timestamps_that_start_anew_are_no_jitter() -> None:
    stream = reception()
    for i in range(50):
        receive(stream, rtp(i, (i if i < 25 else i + 1_000_000) * STEP, DELTA, marker=True), 1 + i / 25)
    assert stream.restarts == 1
    assert stream.jitter == pytest.approx(0, abs=1e-6)


def test_jitter_is_rfc_3550s() -> None:
    rng = random.Random(3)
    stream = reception()
    arrivals = [1 + i / 25 + rng.uniform(0, 0.03) for i in range(200)]
    start = 0xFFFFFFFF - 20 * STEP  # the timestamp wraps on the way
    jitter, transit = 0.0, None
    for i, arrival in enumerate(arrivals):
        receive(stream, rtp(i, start + i * STEP, DELTA, marker=True), arrival)
        before, transit = transit, arrival * 90000 - i * STEP
        if before is not None:
            jitter += (abs(transit - before) - jitter) / 16  # RFC 3550, A.8
    assert stream.jitter == pytest.approx(jitter / 90000, rel=1e-6)


def test_jitter_rests_while_arrival_is_not_exact() -> None:
    stream = played(50)
    stream.set_exact_arrival(False)
    for i in range(50, 100):
        receive(stream, rtp(i, i * STEP, DELTA, marker=True), 1 + i // 10 / 2.5)
    assert stream.jitter == pytest.approx(0, abs=1e-6)
    assert stream.frames == 100


def test_a_keyframe_that_is_read_late_is_dated_by_the_cameras_clock() -> None:
    stream = played(25)
    assert stream.snapshot().last_keyframe == pytest.approx(1)
    stream.set_exact_arrival(False)
    for i in range(25, 50):  # a second's frames, read at once
        receive(stream, rtp(i, i * STEP, DELTA if i % 25 else KEY, marker=True), 1 + 49 / 25)
    assert stream.last_keyframe == 1 + 49 / 25
    assert stream.snapshot().last_keyframe == pytest.approx(2)


def test_timestamps_that_start_anew_date_no_keyframe() -> None:
    stream = played(10)
    receive(stream, rtp(10, 1_000_000 * STEP, DELTA, marker=True), 1 + 10 / 25)
    assert stream.snapshot().last_keyframe == stream.last_keyframe == 1
    unkeyed = reception()
    receive(unkeyed, rtp(1, 90_000 * 5, DELTA, marker=True), 4.0)
    assert unkeyed.snapshot().last_keyframe == 0


def test_a_frame_without_marker_ends_with_the_next_ones_first_packet() -> None:
    stream = reception()
    for i in range(10):
        for part in range(3):
            receive(stream, rtp(3 * i + part, i * STEP, DELTA), 1 + i / 25)
    assert stream.frames == 9


def test_parameter_sets_with_a_marker_are_no_frame() -> None:
    stream = reception()
    for i in range(20):
        receive(stream, rtp(i, i * STEP, b"\x67\x42\x00\x1f", marker=True), 1 + i / 25)
    assert (stream.packets, stream.frames, stream.keyframes) == (20, 0, 0)


def test_csrcs_extension_and_padding_are_passed_over() -> None:
    unit, delivered = H264Assembler(), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    stream = reception(unit)
    head = struct.pack("!BBHII", 0x80 | 0x20 | 0x10 | 2, 96 | 0x80, 1, 0, 7)
    receive(stream, head + bytes(8) + b"\xbe\xde\x00\x01abcd" + KEY + b"\x00\x00\x03", 1.0)
    receive(stream, rtp(2, STEP, DELTA, marker=True), 1.04)
    assert stream.keyframes == 1
    assert delivered[0].data == b"\x00\x00\x00\x01" + KEY


def test_other_payload_types_are_not_counted_and_leave_no_gap() -> None:
    stream = reception()
    for i in range(10):
        receive(stream, rtp(i, 0 if i % 2 else i * STEP, DELTA, marker=True, kind=97 if i % 2 else 96), 1.0)
    assert (stream.packets, stream.lost) == (5, 0)


def test_keyframes_of_the_very_same_size_are_noticed() -> None:
    stream = reception()
    for i in range(5):
        receive(stream, rtp(i, i * STEP, KEY, marker=True), 1 + i / 25)
    assert stream.same_key_sizes == 4


def test_the_cameras_clock_by_its_sender_report() -> None:
    clock = SenderClock()
    unix = 1_790_000_000.5
    report = struct.pack("!BBHIIIIII", 0x80, 200, 6, 7, int(unix) + 2_208_988_800, 1 << 31, 0, 10, 1000)
    other = struct.pack("!BBHI", 0x81, 202, 1, 7)
    compound = b"xx" + other + report + struct.pack("!BBHI", 0x81, 203, 1, 7)
    clock.receive(compound, 2, len(compound), 5.0)
    assert clock.unix == pytest.approx(unix)
    assert (clock.heard, clock.reports, clock.bye) == (5.0, 1, True)


def test_a_camera_that_counts_from_its_start_has_no_clock() -> None:
    clock = SenderClock()
    report = struct.pack("!BBHIIIIII", 0x80, 200, 6, 7, 300, 0, 0, 10, 1000)
    clock.receive(report, 0, len(report), 5.0)
    assert (clock.unix, clock.reports) == (None, 1)


@pytest.mark.parametrize("gone", [None, 3])
def test_real_footage_counts_the_same_whatever_is_lost_of_a_frame(gone: int | None) -> None:
    stream, sequence = reception(), 0
    for number, unit in enumerate(access_units()[:25]):
        for packet in packets_of(unit, sequence, number * STEP):
            if sequence != gone:
                receive(stream, packet, 1 + number / 25)
            sequence += 1
    assert stream.keyframes == (1 if gone is None else 0)
    assert stream.lost == (0 if gone is None else 1)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.binary(max_size=60), st.booleans()), max_size=30))
def test_any_packets_are_counted(packets: list[tuple[bytes, bool]]) -> None:
    unit = H264Assembler()
    unit.request_keyframe(lambda _: None)
    stream, clock = reception(unit), SenderClock()
    for i, (packet, with_header) in enumerate(packets):
        sent = rtp(i, i * STEP, packet) if with_header else packet
        receive(stream, sent, 1 + i / 25)
        clock.receive(sent, 0, len(sent), 1.0)
    assert stream.packets <= len(packets)


def test_packets_of_another_payload_type_with_numbers_of_their_own_are_no_loss() -> None:
    stream = reception()
    for i in range(100):
        receive(stream, rtp(i, i * STEP, DELTA, marker=True), 1 + i / 25)
        if i % 5 == 0:
            receive(stream, rtp(1040, i * STEP, bytes(40), kind=50, ssrc=99), 1 + i / 25)
    assert (stream.packets, stream.lost, stream.restarts, stream.frames) == (100, 0, 0, 100)


def test_loss_is_counted_beside_packets_of_another_payload_type() -> None:
    stream = reception()
    for sequence, kind in ((0, 96), (1, 97), (2, 96), (3, 97), (5, 96)):
        receive(stream, rtp(sequence, sequence * STEP, DELTA, marker=True, kind=kind))
    assert stream.lost == 1


def test_slices_that_each_have_a_marker_are_one_picture() -> None:
    unit, delivered = H264Assembler(), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    stream = reception(unit)
    for i in range(10):
        first, second = (b"\x65\x88\x80\x00", b"\x65\x48\x80\x00") if i % 5 == 0 else (DELTA, b"\x41\x5a\x00\x00")
        receive(stream, rtp(2 * i, i * STEP, first, marker=True), 1 + i / 25)
        receive(stream, rtp(2 * i + 1, i * STEP, second, marker=True), 1 + i / 25)
    assert (stream.frames, stream.keyframes) == (9, 2)  # the last one ends with the next one's first packet
    assert delivered[0].data == b"\x00\x00\x00\x01\x65\x88\x80\x00\x00\x00\x00\x01\x65\x48\x80\x00"


def test_constant_timestamps_with_markers_are_pictures() -> None:
    stream = reception()
    for i in range(50):
        receive(stream, rtp(i, 0, DELTA if i % 25 else KEY, marker=True), 1 + i / 25)
    counts = stream.snapshot()
    assert (counts.frames, counts.keyframes) == (50, 2)
    assert counts.keyframe_interval == pytest.approx(1.0)


def test_constant_timestamps_without_markers_are_pictures_by_their_slice_headers() -> None:
    unit, delivered = H264Assembler(), list[Keyframe]()
    stream = reception(unit)
    for i in range(250):
        if i == 100:
            unit.request_keyframe(delivered.append)
        slices = (KEY, b"\x65\x48\x80\x00") if i % 25 == 0 else (DELTA, b"\x41\x5a\x00\x00")
        for part, payload in enumerate(slices):
            receive(stream, rtp(2 * i + part, 0, payload), 1 + i / 25)
        if i % 25 == 24:
            stream.snapshot()
    assert stream.frames == pytest.approx(250 - 75, abs=3)  # those of the first 3 s are one that does not end
    assert stream.keyframe_interval == pytest.approx(1.0)
    assert delivered[0].data == b"\x00\x00\x00\x01" + KEY + b"\x00\x00\x00\x01\x65\x48\x80\x00"


def watched(timestamps: list[float], *, fps: float = 25) -> Counts:
    """Receive one frame a packet on time, with these timestamps in seconds, read once a second."""
    stream = reception()
    counts = stream.snapshot()
    for i, timestamp in enumerate(timestamps):
        receive(stream, rtp(i, int(timestamp * 90_000), DELTA if i % 25 else KEY, marker=True), 1 + i / fps)
        if i % int(fps) == 0:
            counts = stream.snapshot()
    return counts


@pytest.mark.parametrize(
    "timestamps",
    [
        pytest.param([i / 25 * 1000 / 90_000 for i in range(251)], id="milliseconds"),
        pytest.param([i / 25 * 1e6 / 90_000 for i in range(251)], id="microseconds"),
        pytest.param([0.0] * 251, id="constant"),
        pytest.param([i / 25 + (2 if i % 3 == 1 else -1) / 25 for i in range(1, 252)], id="B pictures"),
    ],
)
def test_jitter_by_timestamps_that_say_nothing_is_left_out(timestamps: list[float]) -> None:
    counts = watched(timestamps)
    assert not counts.jitter_valid
    assert counts.keyframe_interval == pytest.approx(1.0, abs=0.2)


def test_jitter_by_timestamps_that_run_as_the_time_is_valid() -> None:
    counts = watched([i / 25 for i in range(1000)])
    assert counts.jitter_valid
    assert counts.jitter == pytest.approx(0, abs=1e-5)


def test_timestamps_that_jump_by_five_seconds_are_no_jitter() -> None:
    counts = watched([i / 25 + 5 * (i // 100) for i in range(1000)])
    assert counts.jitter == pytest.approx(0, abs=1e-5)
    assert counts.restarts == 9
    assert watched([i / 25 - 5 * (i // 100) + 60 for i in range(1000)]).jitter == pytest.approx(0, abs=1e-5)


def test_a_network_that_stalls_for_two_seconds_is_jitter() -> None:
    stream = reception()
    for i in range(250):
        receive(stream, rtp(i, i * STEP, DELTA, marker=True), max(1 + i / 25, 5.0 if i >= 50 else 0))
        if i % 25 == 0:
            stream.snapshot()
    counts = stream.snapshot()
    assert counts.jitter_valid
    assert counts.jitter is not None
    assert counts.restarts == 0


def test_a_burst_at_the_start_is_forgotten_after_a_second() -> None:
    stream = reception()
    for i in range(125):  # the first two seconds' pictures come at once
        receive(stream, rtp(i, i * STEP, DELTA, marker=True), 1 + max(0, i - 50) / 25)
        if i % 25 == 0:
            stream.snapshot()
    assert stream.snapshot().jitter_valid


def test_numbers_that_do_not_count_are_no_loss_until_they_count_again() -> None:
    stream = reception()
    for i in range(200):
        swapped = i < 100
        number = (i & 0xFF) << 8 | i >> 8 if swapped else i
        receive(stream, rtp(number, i * STEP, DELTA, marker=True), 1 + i / 25)
        if i % 25 == 24:
            counts = stream.snapshot()
            assert counts.loss_valid is not swapped
    for i in range(200, 300):
        if i % 10:
            receive(stream, rtp(i, i * STEP, DELTA, marker=True), 1 + i / 25)
    assert stream.snapshot().lost - counts.lost == 10


@pytest.mark.parametrize("share", [0.8, 0.95])
def test_a_large_loss_is_a_loss(share: float) -> None:
    rng, stream, gone = random.Random(1), reception(), 0
    for i in range(5000):
        if rng.random() < share:
            gone += 1
        else:
            receive(stream, rtp(i, i * STEP, DELTA, marker=True), 1 + i / 25)
        if i % 25 == 24:
            assert stream.snapshot().loss_valid
    assert stream.lost == pytest.approx(gone, abs=100)


def test_packets_of_another_version_are_no_rtp() -> None:
    stream = reception()
    for i in range(50):
        packet = rtp(i, i * STEP, DELTA, marker=True)
        receive(stream, b"\x00" + packet[1:], 1 + i / 25)
    assert (stream.frames, stream.malformed) == (0, 50)


def test_no_numbers_are_noticed_although_each_picture_has_a_sender_of_its_own() -> None:
    stream = reception()
    for i in range(250):
        for part in range(4):
            receive(stream, rtp(0, i * STEP, DELTA, marker=part == 3, ssrc=i), 1 + i / 25)
        if i % 25 == 24:
            stream.snapshot()
    assert not stream.loss_valid
    assert stream.frames == pytest.approx(250, abs=2)
    assert stream.packets == pytest.approx(1000 - 75, abs=8)  # those of the first second are taken for repeats


def test_another_sender_ends_a_picture_without_a_marker() -> None:
    stream = reception()
    for i in range(50):
        receive(stream, rtp(i, i * STEP, DELTA if i % 25 else KEY, ssrc=i), 1 + i / 25)
    assert (stream.frames, stream.keyframes) == (49, 2)
