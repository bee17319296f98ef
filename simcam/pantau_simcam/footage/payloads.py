"""Cuts compressed pictures into RTP payloads."""

import re

from pantau_simcam.footage.take import Codec

MAX_PAYLOAD = 1400
"""Bytes of payload in a packet: with all headers it fits into an Ethernet frame."""

_START_CODE = re.compile(rb"\x00\x00\x00?\x01")
_H264_FU_A = 28
_H265_FU = 49


def nal_units(annexb: bytes) -> list[bytes]:
    """Return the NAL units of an Annex B byte stream (ITU-T H.264 and H.265), without start codes."""
    return [unit for unit in _START_CODE.split(annexb) if unit]


def payloads_h264(units: list[bytes]) -> list[bytes]:
    """Yield single NAL unit packets and FU-A fragments (RFC 6184, 5.6 and 5.8)."""
    payloads: list[bytes] = []
    for unit in units:
        if len(unit) <= MAX_PAYLOAD:
            payloads.append(unit)
            continue
        indicator, kind = bytes([unit[0] & 0xE0 | _H264_FU_A]), unit[0] & 0x1F
        payloads += _fragments(indicator, kind, unit[1:])
    return payloads


def payloads_h265(units: list[bytes]) -> list[bytes]:
    """Yield single NAL unit packets and fragmentation units (RFC 7798, 4.4.1 and 4.4.3)."""
    payloads: list[bytes] = []
    for unit in units:
        if len(unit) <= MAX_PAYLOAD:
            payloads.append(unit)
            continue
        header = bytes([unit[0] & 0x81 | _H265_FU << 1, unit[1]])
        payloads += _fragments(header, unit[0] >> 1 & 0x3F, unit[2:])
    return payloads


def _fragments(header: bytes, kind: int, body: bytes) -> list[bytes]:
    size = MAX_PAYLOAD - len(header) - 1
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    last = len(pieces) - 1
    return [
        header + bytes([kind | (0x80 if i == 0 else 0) | (0x40 if i == last else 0)]) + piece
        for i, piece in enumerate(pieces)
    ]


def parameter_sets(codec: Codec, units: list[bytes]) -> tuple[bytes, ...]:
    """Return SPS and PPS of H.264, or VPS, SPS and PPS of H.265, in that order."""
    if codec is Codec.H264:
        return tuple(u for kind in (7, 8) for u in units if u[0] & 0x1F == kind)
    return tuple(u for kind in (32, 33, 34) for u in units if u[0] >> 1 & 0x3F == kind)
