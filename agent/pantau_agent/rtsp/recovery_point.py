"""Recovery points: where decoding may begin in a stream that refreshes its picture piece by piece (intra refresh).

Such a stream may hold no picture that can be decoded alone; a recovery point SEI message (H.264, D.2.8; H.265,
D.3.8) says how many pictures later the whole picture is right.
"""

from pantau_agent.rtsp.bits import BitReader

_RECOVERY_POINT = 6
"""The payload type of the message in both codecs."""
_MAX_MESSAGES = 16
"""Most messages of one unit that are looked through."""


def recovery_count(codec: str, data: bytes) -> int | None:
    """Return how many pictures after this one the picture is right; None if there is no recovery point.

    `data` is an SEI unit of `codec` without its header.
    """
    if b"\x00\x00\x03" in data:
        data = data.replace(b"\x00\x00\x03", b"\x00\x00")
    at = 0
    for _ in range(_MAX_MESSAGES):
        kind, at = _number(data, at)
        size, at = _number(data, at)
        if at >= len(data):
            return None
        if kind == _RECOVERY_POINT:
            return _count(codec, data[at : at + size])
        at += size
    return None


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at that position, 255 for each leading byte 255, and the position behind it."""
    number = 0
    while at < len(data):
        number += data[at]
        at += 1
        if data[at - 1] != 0xFF:
            break
    return number, at


def _count(codec: str, message: bytes) -> int | None:
    try:
        count = BitReader(message).read_ue()
    except ValueError:
        return None
    if codec == "h264":
        return count
    return (count + 1) // 2 if count & 1 else -(count // 2)  # signed Exp-Golomb; below 0 for leading pictures
