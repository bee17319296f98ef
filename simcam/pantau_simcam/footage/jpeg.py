"""Packetises JPEG pictures (RFC 2435), with the quantisation tables in each picture's first packet."""

import struct

import cv2
from cv2.typing import MatLike

from pantau_simcam.footage.payloads import MAX_PAYLOAD

MAX_SIDE = 2040
"""Pixels of the longest side: the format counts width and height in units of eight, in one byte each."""
_TYPE_420 = 1
_TABLES_FOLLOW = 255
_SOF0, _DQT, _SOS = 0xC0, 0xDB, 0xDA


def compress(picture: MatLike, quality: int) -> bytes:
    """Encode a baseline JPEG with 4:2:0 chroma and standard Huffman tables, all that RFC 2435 can carry."""
    settings = (
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    )
    _, jpeg = cv2.imencode(".jpg", picture, settings)
    return jpeg.tobytes()


def payloads_jpeg(jpeg: bytes) -> list[bytes]:
    """Return the payloads of one picture."""
    tables, width, height, scan = _taken_apart(jpeg)
    payloads: list[bytes] = []
    offset = 0
    while offset < len(scan):
        head = struct.pack(">II", offset, _TYPE_420 << 24 | _TABLES_FOLLOW << 16 | width // 8 << 8 | height // 8)
        if offset == 0:
            head += struct.pack(">BBH", 0, 0, len(tables)) + tables
        piece = scan[offset : offset + MAX_PAYLOAD - len(head)]
        payloads.append(head + piece)
        offset += len(piece)
    return payloads


def _taken_apart(jpeg: bytes) -> tuple[bytes, int, int, bytes]:
    """Return quantisation tables, width, height and entropy-coded data (ITU-T T.81, B.1)."""
    tables, width, height, at = b"", 0, 0, 2
    while True:
        marker = jpeg[at + 1]
        length = int.from_bytes(jpeg[at + 2 : at + 4])
        body = jpeg[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == _DQT:
            tables += b"".join(body[i + 1 : i + 65] for i in range(0, len(body), 65))
        elif marker == _SOF0:
            height, width = struct.unpack_from(">HH", body, 1)
        elif marker == _SOS:
            return tables, width, height, jpeg[at:-2]
