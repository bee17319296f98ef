import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_agent.rtsp.access_unit import KEYFRAME, UNDECIDED
from pantau_agent.rtsp.jpeg import JpegAssembler
from pantau_agent.streams.keyframe import Keyframe

WIDTH, HEIGHT = 320, 240


def picture(*, subsampling: int = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, quality: int = 60) -> bytes:
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, subsampling]
    return cv2.imencode(".jpg", cv2.GaussianBlur(noise, (9, 9), 0), options)[1].tobytes()


def taken_apart(jpeg: bytes) -> tuple[bytes, bytes]:
    """Return the quantisation tables and the entropy-coded data of a baseline JPEG."""
    at, tables = 2, b""
    while True:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
        if marker == 0xDB:
            tables += jpeg[at + 5 : at + 2 + length]
        at += 2 + length
        if marker == 0xDA:
            return tables, jpeg[at:-2]


def payloads(
    jpeg: bytes, *, kind: int = 1, quality: int = 60, in_band: bool = False, size: int = 1000
) -> list[bytes]:
    """Pack a JPEG into payloads (RFC 2435, section 3.1)."""
    tables, data = taken_apart(jpeg)
    found = []
    for at in range(0, len(data), size):
        head = struct.pack("!IBBBB", at, kind, 255 if in_band else quality, WIDTH // 8, HEIGHT // 8)
        if kind >= 64:
            head += struct.pack("!HH", 0, 0xFFFF)
        if in_band and at == 0:
            head += struct.pack("!BBH", 0, 0, len(tables)) + tables
        found.append(head + data[at : at + size])
    return found


def collected(packets: list[bytes], *, damaged: bool = False) -> list[Keyframe]:
    unit, delivered = JpegAssembler(), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    unit.begin()
    for packet in packets:
        framed = b"head" + packet
        unit.add_payload(framed, 4, len(framed))
    assert unit.kind == KEYFRAME
    unit.finish(damaged=damaged)
    return delivered


@pytest.mark.parametrize("in_band", [False, True])
@pytest.mark.parametrize("kind", [0, 1, 65])
def test_the_picture_comes_back_to_the_last_bit(kind: int, in_band: bool) -> None:
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422 if kind == 0 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    jpeg = picture(subsampling=sampling)
    (delivered,) = collected(payloads(jpeg, kind=kind, in_band=in_band))
    assert delivered.codec == "mjpeg"
    expected = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    found = cv2.imdecode(np.frombuffer(delivered.data, np.uint8), cv2.IMREAD_COLOR)
    assert expected is not None
    assert found is not None
    assert np.array_equal(found, expected)


def test_the_size_is_known_before_any_picture_is_wanted() -> None:
    unit = JpegAssembler()
    unit.begin()
    packet = payloads(picture())[0]
    assert not unit.add_payload(packet, 0, len(packet))
    assert (unit.width, unit.height) == (WIDTH, HEIGHT)


def test_a_picture_with_a_gap_is_not_delivered() -> None:
    packets = payloads(picture())
    assert collected(packets[:1] + packets[2:]) == []
    assert collected(packets, damaged=True) == []


def test_what_comes_without_its_first_packet_is_no_picture() -> None:
    unit, delivered = JpegAssembler(), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    unit.begin()
    for packet in payloads(picture())[1:]:
        unit.add_payload(packet, 0, len(packet))
    unit.finish(damaged=False)
    assert (unit.kind, delivered) == (UNDECIDED, [])


def test_tables_that_were_sent_before_are_remembered() -> None:
    unit, delivered = JpegAssembler(), list[Keyframe]()
    with_tables = payloads(picture(), in_band=True)
    tables_left_out = [with_tables[0][:8] + bytes(4) + with_tables[0][12 + 128 :], *with_tables[1:]]
    for packets in (with_tables, tables_left_out):
        unit.request_keyframe(delivered.append)
        unit.begin()
        for packet in packets:
            unit.add_payload(packet, 0, len(packet))
        unit.finish(damaged=False)
    assert len(delivered) == 2
    assert delivered[0].data == delivered[1].data


@pytest.mark.parametrize(("kind", "quality"), [(2, 60), (1, 0), (1, 100), (1, 130)])
def test_types_and_tables_that_are_unknown_give_no_picture(kind: int, quality: int) -> None:
    assert collected(payloads(picture(), kind=kind, quality=quality)) == []


def test_why_no_picture_can_be_read_is_known() -> None:
    unit = JpegAssembler()
    unit.request_keyframe(lambda _: None)
    for fields, problem in (
        ((1, 60, 0, 0), "the pictures' size is over 2040 pixels, and the camera states it nowhere"),
        ((2, 60, 40, 30), "the pictures are of RTP's JPEG type 2, which cannot be read"),
        ((1, 130, 40, 30), "the pictures come without their quantisation tables"),
        ((1, 60, 40, 30), ""),
    ):
        unit.begin()
        packet = struct.pack("!IBBBB", 0, *fields) + bytes(20)
        unit.add_payload(packet, 0, len(packet))
        assert unit.problem == problem


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(0, 127), st.integers(0, 255))
def test_any_payloads_are_taken(parts: list[bytes], kind: int, quality: int) -> None:
    unit = JpegAssembler()
    unit.request_keyframe(lambda _: None)
    unit.begin()
    head = struct.pack("!IBBBB", 0, kind, quality, 40, 30)
    for part in (*parts, *(head + part for part in parts)):
        unit.add_payload(part, 0, len(part))
    unit.finish(damaged=False)


@pytest.mark.parametrize(("width", "height"), [(0, 0), (64, 180)])
def test_a_size_that_rtp_has_no_room_for_is_the_descriptions(width: int, height: int) -> None:
    unit = JpegAssembler((2560, 1440))
    unit.begin()
    packet = struct.pack("!IBBBB", 0, 1, 60, width, height) + b"data"
    unit.add_payload(packet, 0, len(packet))
    assert (unit.width, unit.height) == (2560, 1440)


def test_a_size_that_rtp_has_room_for_is_the_packets() -> None:
    unit = JpegAssembler((1920, 1080))
    unit.begin()
    packet = payloads(picture())[0]
    unit.add_payload(packet, 0, len(packet))
    assert (unit.width, unit.height) == (WIDTH, HEIGHT)
