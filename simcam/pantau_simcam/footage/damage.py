"""Damages compressed pictures as a failing camera or a broken cable does; their packets stay valid."""

import random
from dataclasses import replace

from pantau_simcam.footage.footage import Footage, Picture

SPOT = 24
"""Bytes that one damage overwrites."""
HEADER = 64
"""Bytes at the start of a payload that stay intact: RTP payload headers, tables, slice headers."""


def damaged(footage: Footage, percent: float) -> Footage:
    """Return the footage with `percent` of its pictures damaged: the first one, and always the same others."""
    rng = random.Random(1)
    pictures = tuple(
        _damaged(picture, rng) if number == 0 or rng.random() * 100 < percent else picture
        for number, picture in enumerate(footage.pictures)
    )
    return replace(footage, pictures=pictures)


def _damaged(picture: Picture, rng: random.Random) -> Picture:
    return replace(picture, payloads=tuple(_spotted(payload, rng) for payload in picture.payloads))


def _spotted(payload: bytes, rng: random.Random) -> bytes:
    room = len(payload) - HEADER - SPOT
    if room <= 0:
        return payload
    at = HEADER + rng.randrange(room)
    return payload[:at] + bytes(rng.randrange(1, 255) for _ in range(SPOT)) + payload[at + SPOT :]
