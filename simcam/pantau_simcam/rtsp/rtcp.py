"""Encodes the RTCP packets of a sender (RFC 3550, 6.4.1, 6.5 and 6.6)."""

import struct

NTP_EPOCH = 2_208_988_800
"""Seconds from 1900, where NTP time starts, to 1970, where Unix time does."""


def sender_report(ssrc: int, wall_s: float, timestamp: int, packets: int, octets: int) -> bytes:
    """Encode a compound packet: the sender report and the source's name.

    `wall_s` is the sender's wall clock, Unix time in seconds, at RTP time `timestamp`.
    """
    ntp = int((wall_s + NTP_EPOCH) * (1 << 32)) % (1 << 64)
    report = struct.pack(
        ">BBHIQIII", 0x80, 200, 6, ssrc, ntp, timestamp, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF
    )
    name = b"\x01\x06simcam" + bytes(4)
    return report + struct.pack(">BBHI", 0x81, 202, 1 + len(name) // 4, ssrc) + name


def goodbye(ssrc: int) -> bytes:
    """Encode a BYE: the source has ended."""
    return struct.pack(">BBHI", 0x81, 203, 1, ssrc)
