import struct
import tracemalloc
from collections.abc import Callable
from typing import cast

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_agent.rtsp import access_unit, parameter_sets
from pantau_agent.rtsp.access_unit import DELTA, KEYFRAME, UNDECIDED
from pantau_agent.rtsp.nal import H264Assembler, H265Assembler, NalAssembler
from pantau_agent.streams.keyframe import MAX_KEYFRAME_BYTES, Keyframe
from tests.agent.rtsp.footage import SIZE, access_units, encoded

START = b"\x00\x00\x00\x01"
KINDS: dict[str, tuple[type[NalAssembler], str, str]] = {
    "h264": (H264Assembler, "libx264", "h264"),
    "h265": (H265Assembler, "libx265", "hevc"),
}


def take(unit: NalAssembler, *payloads: bytes, damaged: bool = False) -> int:
    """Feed one access unit, with one payload per packet, and return its kind."""
    unit.begin()
    for payload in payloads:
        framed = b"head" + payload
        if not unit.add_payload(framed, 4, len(framed)):
            break
    if unit.kind == KEYFRAME:
        unit.finish(damaged=damaged)
    return unit.kind


def fragments(nal: bytes, codec: str, size: int = 500) -> list[bytes]:
    """Split a NAL unit into FU-A (RFC 6184, 5.8) or FU (RFC 7798, 4.4.3)."""
    if codec == "h264":
        indicator, kind, body = bytes((nal[0] & 0xE0 | 28,)), nal[0] & 0x1F, nal[1:]
    else:
        indicator, kind, body = bytes((nal[0] & 0x81 | 49 << 1, nal[1])), nal[0] >> 1 & 0x3F, nal[2:]
    cuts = range(0, len(body), size)
    return [
        indicator
        + bytes((kind | (0x80 if at == 0 else 0) | (0x40 if at + size >= len(body) else 0),))
        + body[at : at + size]
        for at in cuts
    ]


def aggregated(nals: list[bytes], codec: str) -> bytes:
    """Combine NAL units into a STAP-A (RFC 6184, 5.7.1) or AP (RFC 7798, 4.4.2)."""
    head = b"\x78" if codec == "h264" else b"\x60\x01"
    return head + b"".join(len(nal).to_bytes(2) + nal for nal in nals)


def decoded(codec: str, data: bytes) -> tuple[int, int]:
    context = cast("av.VideoCodecContext", av.CodecContext.create(codec, "r"))
    frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    assert len(frames) == 1
    assert not frames[0].is_corrupt
    return frames[0].width, frames[0].height


@pytest.mark.parametrize("codec", KINDS)
@pytest.mark.parametrize("packing", ["single", "aggregated", "fragmented", "slices"])
def test_a_keyframe_is_found_and_decodes(codec: str, packing: str) -> None:
    kind, encoder, decoder = KINDS[codec]
    nals = access_units(encoder)[0]
    if packing == "slices":
        options = (("x265-params", "slices=3"),) if codec == "h265" else (("slices", "3"),)
        nals = [n for n in encoded(encoder, 1, options=options)[0].replace(START, START[1:]).split(START[1:]) if n]
    payloads = {
        "single": nals,
        "slices": nals,
        "aggregated": [aggregated(nals[:-1], codec), nals[-1]],
        "fragmented": [aggregated(nals[:-1], codec), *fragments(nals[-1], codec)],
    }[packing]
    unit, delivered = kind(), list[Keyframe]()
    assert take(unit, *payloads) == KEYFRAME
    assert delivered == []
    unit.request_keyframe(delivered.append)
    assert take(unit, *payloads) == KEYFRAME
    assert take(unit, *payloads) == KEYFRAME
    assert len(delivered) == 1
    assert delivered[0].codec == codec
    assert decoded(decoder, delivered[0].data) == SIZE


@pytest.mark.parametrize("codec", KINDS)
def test_other_frames_are_no_keyframes(codec: str) -> None:
    kind, encoder, _ = KINDS[codec]
    for nals in access_units(encoder)[1:25]:
        assert take(kind(), *nals) == DELTA
        assert take(kind(), *fragments(nals[-1], codec, 20)) == DELTA
        assert take(kind(), fragments(nals[-1], codec, 20)[1]) == DELTA  # its beginning was lost


@pytest.mark.parametrize("codec", KINDS)
def test_only_parameter_sets_are_nothing(codec: str) -> None:
    kind, encoder, _ = KINDS[codec]
    assert take(kind(), *access_units(encoder)[0][:2]) == UNDECIDED


@pytest.mark.parametrize("codec", KINDS)
def test_parameter_sets_of_the_description_serve_a_stream_without_them(codec: str) -> None:
    kind, encoder, decoder = KINDS[codec]
    *sets, picture = access_units(encoder)[0]
    unit, delivered = kind(sets), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    take(unit, picture)
    assert decoded(decoder, delivered[0].data) == SIZE


def test_new_parameter_sets_replace_old_ones() -> None:
    old = access_units()[0][:2]
    new = [nal + b"\x55" for nal in old]
    unit, delivered = H264Assembler(old), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    take(unit, *new, b"\x65\x88\x80")
    assert delivered[0].data == START + START.join([*new, b"\x65\x88\x80"])


def test_an_i_picture_that_is_no_idr_is_a_keyframe() -> None:
    assert take(H264Assembler(), b"\x41\x88\x84\x21") == KEYFRAME  # slice_type 7
    assert take(H264Assembler(), b"\x41\xb0\x84\x21") == KEYFRAME  # slice_type 2
    assert take(H264Assembler(), b"\x41\x9a\x84\x21") == DELTA  # slice_type 5
    assert take(H264Assembler(), b"\x41\xe0\x84\x21") == DELTA  # slice_type 0


def test_damaged_keyframes_are_passed_over_until_patience_ends() -> None:
    unit, delivered = H264Assembler(), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    for _ in range(access_unit.MAX_DAMAGED_SKIPPED):
        take(unit, b"\x65\x88\x80", damaged=True)
    assert delivered == []
    take(unit, b"\x65\x88\x80", damaged=True)
    assert [one.damaged for one in delivered] == [True]


def test_a_keyframe_that_never_ends_is_dropped_at_the_limit() -> None:
    unit, delivered = H264Assembler(), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    unit.begin()
    part = b"\x7c\x85" + bytes(60_000)
    for _ in range(2 * MAX_KEYFRAME_BYTES // len(part)):
        unit.add_payload(part, 0, len(part))
        assert len(unit._data) <= MAX_KEYFRAME_BYTES
    assert unit.oversized
    unit.finish(damaged=False)
    assert delivered == []


def test_a_keyframe_in_the_smallest_of_fragments_takes_little_more_than_its_size() -> None:
    unit, delivered = H264Assembler(), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    unit.begin()
    unit.add_payload(b"\x7c\x85\x88\x80", 0, 4)
    tracemalloc.start()
    for _ in range(200_000):
        unit.add_payload(b"\x7c\x05\x88", 0, 3)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    unit.finish(damaged=False)
    assert len(delivered[0].data) > 200_000
    assert used < 3 * len(delivered[0].data)


def test_parameter_sets_without_end_are_held_to_the_limit() -> None:
    unit = H264Assembler()
    unit.begin()
    for i in range(1000):
        payload = b"\x68" + (i + 1 << 33 - 2 * (i + 1).bit_length()).to_bytes(4)  # Exp-Golomb
        unit.add_payload(payload, 0, len(payload))
    assert len(unit.parameter_sets) == parameter_sets.MAX_PARAMETER_SETS


@settings(max_examples=300)
@given(st.sampled_from(list(KINDS)), st.lists(st.binary(max_size=40), max_size=20), st.booleans())
def test_any_payloads_are_taken(codec: str, payloads: list[bytes], requested: bool) -> None:
    kind = KINDS[codec][0]
    unit, delivered = kind(), list[Keyframe]()
    if requested:
        unit.request_keyframe(delivered.append)
    take(unit, *payloads)
    for head in (b"\x78", b"\x7c\x85", b"\x60\x01", b"\x62\x01\x93"):
        take(unit, *(head + payload for payload in payloads))
    assert all(one.data.startswith(START) or one.damaged for one in delivered)


@pytest.mark.parametrize("codec", KINDS)
def test_a_keyframe_without_its_beginning_is_damaged(codec: str) -> None:
    kind, encoder, _ = KINDS[codec]
    *sets, picture = access_units(encoder)[0]
    unit, delivered = kind(sets), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    take(unit, *fragments(picture, codec)[1:])
    assert delivered == []
    take(unit, *fragments(picture, codec))
    assert [one.damaged for one in delivered] == [False]


@pytest.mark.parametrize("codec", KINDS)
@pytest.mark.parametrize(
    "packing", ["one packet", "fragments", "small fragments", "start code first", "aggregate"]
)
def test_start_codes_within_one_unit_divide_it(codec: str, packing: str) -> None:
    kind, encoder, decoder = KINDS[codec]
    nals = access_units(encoder)[0]
    whole = START.join(nals)
    payloads = {
        "one packet": [whole],
        "fragments": fragments(whole, codec),
        "small fragments": fragments(whole, codec, 7),
        "start code first": [START + whole],
        "aggregate": [aggregated([START[1:].join(nals)], codec)],
    }[packing]
    unit, delivered = kind(), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    assert take(unit, *payloads) == KEYFRAME
    assert decoded(decoder, delivered[0].data) == SIZE


@pytest.mark.parametrize("codec", KINDS)
def test_a_start_code_in_front_of_a_fragmented_unit_is_passed_over(codec: str) -> None:
    kind, encoder, decoder = KINDS[codec]
    unit, delivered = kind(), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    assert take(unit, *fragments(START + START.join(access_units(encoder)[0]), codec)) == KEYFRAME
    assert decoded(decoder, delivered[0].data) == SIZE


@pytest.mark.parametrize("codec", KINDS)
def test_other_frames_behind_a_start_code_are_no_keyframes(codec: str) -> None:
    kind, encoder, _ = KINDS[codec]
    delimiter = b"\x09\xf0" if codec == "h264" else b"\x46\x01\x50"
    assert take(kind(), delimiter + START + access_units(encoder)[1][-1]) == DELTA


@pytest.mark.parametrize("codec", KINDS)
def test_parameter_sets_serve_in_any_order_each_with_its_own_timestamp(codec: str) -> None:
    kind, encoder, decoder = KINDS[codec]
    *sets, picture = access_units(encoder)[0]
    unit, delivered = kind(), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    for nal in reversed(sets):
        take(unit, nal)
    assert take(unit, picture) == KEYFRAME
    assert decoded(decoder, delivered[0].data) == SIZE


@pytest.mark.parametrize("codec", KINDS)
def test_only_the_first_fragments_type_counts(codec: str) -> None:
    kind, encoder, decoder = KINDS[codec]
    *sets, picture = access_units(encoder)[0]
    other = 12 if codec == "h264" else 38  # filler data
    at = 1 if codec == "h264" else 2
    first, *rest = fragments(picture, codec)
    rest = [part[:at] + bytes((part[at] & 0xC0 | other,)) + part[at + 1 :] for part in rest]
    unit, delivered = kind(sets), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    assert take(unit, first, *rest) == KEYFRAME
    assert decoded(decoder, delivered[0].data) == SIZE


@pytest.mark.parametrize("packing", ["single", "aggregated", "fragmented"])
def test_order_numbers_of_h265_are_left_out(packing: str) -> None:
    nals = access_units("libx265")[0]
    number = b"\x00\x07"
    single = [nal[:2] + number + nal[2:] for nal in nals]
    several = b"\x60\x01" + number + b"\x00".join(len(nal).to_bytes(2) + nal for nal in nals[:-1])
    first, *rest = fragments(nals[-1], "h265")
    payloads = {
        "single": single,
        "aggregated": [several, single[-1]],
        "fragmented": [several, first[:3] + number + first[3:], *rest],
    }[packing]
    unit, delivered = H265Assembler(has_order=True), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    assert unit.begins_picture(payloads[0], 0, len(payloads[0]))
    assert take(unit, *payloads) == KEYFRAME
    assert decoded("hevc", delivered[0].data) == SIZE


def test_what_stands_in_a_paci_packet_is_taken() -> None:
    packets = access_units("libx265")[0]

    def in_paci(packet: bytes) -> bytes:
        header = (packet[0] & 0x80) << 8 | (packet[0] >> 1 & 0x3F) << 9 | 3 << 4  # an extension of 3 bytes
        return bytes((50 << 1 | packet[0] & 1, packet[1])) + header.to_bytes(2) + b"ext" + packet[2:]

    for sent in (packets, [*packets[:-1], *fragments(packets[-1], "h265")]):
        unit, delivered = H265Assembler(), list[Keyframe]()
        unit.request_keyframe(delivered.append)
        assert take(unit, *(in_paci(packet) for packet in sent)) == KEYFRAME
        assert decoded("hevc", delivered[0].data) == SIZE


@pytest.mark.parametrize("kind", [25, 26, 27])
def test_aggregates_with_order_numbers_are_taken(kind: int) -> None:
    nals = access_units()[0]
    extra = {25: b"", 26: b"\x00\x00\x00", 27: b"\x00\x00\x00\x00"}[kind]
    packet = bytes((0x60 | kind,)) + b"\x00\x07" + b"".join(len(nal).to_bytes(2) + extra + nal for nal in nals)
    unit, delivered = H264Assembler(), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    assert unit.begins_picture(packet, 0, len(packet))
    assert take(unit, packet) == KEYFRAME
    assert decoded("h264", delivered[0].data) == SIZE


def test_a_fragment_with_an_order_number_is_taken() -> None:
    *sets, picture = access_units()[0]
    first, *rest = fragments(picture, "h264")
    unit, delivered = H264Assembler(sets), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    assert take(unit, bytes((first[0] & 0xE0 | 29, first[1])) + b"\x00\x07" + first[2:], *rest) == KEYFRAME
    assert decoded("h264", delivered[0].data) == SIZE


@pytest.mark.parametrize("codec", KINDS)
def test_a_recovery_point_is_a_keyframe_of_several_pictures(codec: str) -> None:
    kind, encoder, decoder = KINDS[codec]
    sets, pictures = access_units(encoder)[0][:-1], [unit[-1] for unit in access_units(encoder)[1:5]]
    # A recovery point SEI (type 6, one byte) with a count of 2 in Exp-Golomb code: "011" unsigned, "00100" signed.
    sei = b"\x06\x06\x01\x70\x80" if codec == "h264" else b"\x4e\x01\x06\x01\x24\x80"
    unit, delivered = kind(sets), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    assert take(unit, sei, pictures[0]) == KEYFRAME
    assert unit.continues
    for picture in pictures[1:3]:
        assert delivered == []
        unit.begin()
        framed = picture
        unit.add_payload(framed, 0, len(framed))
        unit.finish(damaged=False)
    assert delivered[0].data == START + START.join([*unit.parameter_sets, sei, *pictures[:3]])
    assert not unit.continues
    context = cast("av.VideoCodecContext", av.CodecContext.create(decoder, "r"))
    assert len(context.parse(delivered[0].data) + context.parse(b"")) == 3


def h265_single(order: int) -> bytes:
    return b"\x02\x01" + struct.pack("!H", order) + b"\xd0\x00"


@pytest.mark.parametrize(
    ("packet", "assembler"),
    [
        (lambda order: b"\x79" + struct.pack("!HH", order, 4) + b"\x41\x9a\x00\x00", H264Assembler()),  # STAP-B
        (lambda order: b"\x7d\x81" + struct.pack("!H", order) + b"\x9a\x00", H264Assembler()),  # FU-B
        (h265_single, H265Assembler(has_order=True)),
        (
            lambda order: b"\x60\x01" + struct.pack("!HH", order, 4) + b"\x02\x01\xd0\x00",
            H265Assembler(has_order=True),
        ),
    ],
)
def test_units_that_are_sent_out_of_their_order_are_told(
    packet: Callable[[int], bytes], assembler: H264Assembler | H265Assembler
) -> None:
    for order in (0xFFFE, 0xFFFF, 0, 1):
        assembler.begin()
        assembler.add_payload(sent := packet(order), 0, len(sent))
    assert assembler.problem == ""
    assembler.begin()
    assembler.add_payload(sent := packet(0), 0, len(sent))
    assert "interleaved" in assembler.problem
