import tracemalloc
from typing import cast

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_agent.rtsp import access_unit
from pantau_agent.rtsp.access_unit import DELTA, KEYFRAME, UNDECIDED, H264Assembler, H265Assembler, NalAssembler
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
    old, new = access_units()[0][:2], [b"\x67new sps", b"\x68new pps"]
    unit, delivered = H264Assembler(old), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    take(unit, *new, b"\x65\x88\x80")
    assert delivered[0].data == START + START.join([*new, b"\x65\x88\x80"])


def test_an_i_picture_that_is_no_idr_is_a_keyframe() -> None:
    assert take(H264Assembler(), b"\x41\x88\x84\x21") == KEYFRAME  # slice_type 7
    assert take(H264Assembler(), b"\x41\xb0\x84\x21") == KEYFRAME  # slice_type 2
    assert take(H264Assembler(), b"\x41\x9a\x84\x21") == DELTA  # slice_type 5
    assert take(H264Assembler(), b"\x41\xe0\x84\x21") == DELTA  # slice_type 0


def test_interleaved_packetisation_is_pictures_and_no_keyframes() -> None:
    assert take(H264Assembler(), b"\x19\x00\x00\x00\x05\x65\x88\x80\x00\x00") == DELTA


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
        payload = b"\x68" + i.to_bytes(3)
        unit.add_payload(payload, 0, len(payload))
    assert len(unit.parameter_sets) == access_unit.MAX_PARAMETER_SETS


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
