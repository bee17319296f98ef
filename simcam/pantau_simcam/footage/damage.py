"""Damages compressed pictures, as a failing camera or a broken cable does; the packets around them stay right."""

import random
from dataclasses import replace

from pantau_simcam.footage.footage import Footage, Picture

SPOT = 24
"""Bytes overwritten at each spot."""
HEADER = 64
"""Bytes at the start of a payload that are left alone: RTP payload headers, tables, slice headers."""


def damaged(footage: Footage, percent: float) -> Footage:
    """The footage with that share of its pictures damaged, always the same ones, the first one among them."""
    chance = random.Random(1)
    pictures = tuple(
        _damaged(picture, chance) if number == 0 or chance.random() * 100 < percent else picture
        for number, picture in enumerate(footage.pictures)
    )
    return replace(footage, pictures=pictures)


def _damaged(picture: Picture, chance: random.Random) -> Picture:
    return replace(picture, payloads=tuple(_spotted(payload, chance) for payload in picture.payloads))


def _spotted(payload: bytes, chance: random.Random) -> bytes:
    room = len(payload) - HEADER - SPOT
    if room <= 0:
        return payload
    at = HEADER + chance.randrange(room)
    return payload[:at] + bytes(chance.randrange(1, 255) for _ in range(SPOT)) + payload[at + SPOT :]
