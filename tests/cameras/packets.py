"""Make RTP packets of real video in each codec that the agent understands."""

import itertools
import struct
from collections.abc import Iterator

import cv2
import numpy as np

from tests.agent.rtsp.footage import FPS, access_units
from tests.agent.rtsp.scripted import rtp
from tests.cameras.corpus import Media

ENCODERS = {"h264": "libx264", "h265": "libx265"}
SIZE = 128, 96


def pictures(media: Media) -> Iterator[list[bytes]]:
    """Yield the payloads of one picture after another, endlessly."""
    if media.codec == "mjpeg":
        yield from itertools.cycle([_jpeg(number) for number in range(FPS)])
    else:
        yield from itertools.cycle(access_units(ENCODERS[media.codec]))


def numbered(media: Media) -> Iterator[list[bytes]]:
    """Yield the packets of one picture after another, with sequence numbers and timestamps that continue."""
    sequence = 1000
    for number, payloads in enumerate(pictures(media)):
        last = len(payloads) - 1
        yield [
            rtp(sequence + at, number * 90_000 // FPS, payload, marker=at == last, kind=media.payload_type)
            for at, payload in enumerate(payloads)
        ]
        sequence += len(payloads)


def _jpeg(number: int) -> list[bytes]:
    """Return a picture in the form of RFC 2435, section 3.1, with its quantisation tables in band."""
    width, height = SIZE
    rng = np.random.default_rng(1)
    still = rng.integers(40, 200, (height // 4, width // 4, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    options = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    jpeg = cv2.imencode(".jpg", np.roll(still, 3 * number, axis=1), options)[1].tobytes()
    at, tables = 2, b""
    while jpeg[at + 1] != 0xDA:
        length = int.from_bytes(jpeg[at + 2 : at + 4])
        if jpeg[at + 1] == 0xDB:
            tables += jpeg[at + 5 : at + 2 + length]
        at += 2 + length
    scan = jpeg[at + 2 + int.from_bytes(jpeg[at + 2 : at + 4]) : -2]
    found = []
    for start in range(0, len(scan), 1400):
        head = struct.pack("!IBBBB", start, 1, 255, width // 8, height // 8)
        if start == 0:
            head += struct.pack("!BBH", 0, 0, len(tables)) + tables
        found.append(head + scan[start : start + 1400])
    return found
