"""Damages valid input in the ways that networks and bad firmware do, and in a few that nothing real does."""

import random
from collections.abc import Callable, Sequence

MAX_INPUT = 64 << 10
"""Bytes of the longest input."""
ODD_NUMBERS = b"0", b"-1", b"1e9", b"65536", b"4294967296", b"99999999999999999999", b"\xd9\xa3", b"+5", b""
ODD_STRINGS = (
    *(b"\r\n", b"\r\n\r\n", b"\n\n", b"\x00", b"$", b"$\x00\xff\xff", b":", b"=", b";", b",", b"/", b" ", b"\t"),
    *(
        b"\xff\xfe",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xe2\x80\xa8",
        b"%s%n",
        b"RTSP/1.0 200 OK\r\n",
        b"Content-Length: ",
    ),
    *(b"a=control:", b"m=video 0 RTP/AVP 96\r\n", b"a=fmtp:96 ", b"\x7c\x85", b"\x78\x00", b"\x00\x00\x01"),
)

Mutation = Callable[[random.Random, bytearray], None]


def mutated(rng: random.Random, valid: Sequence[bytes]) -> bytes:
    """Return one of the valid inputs, or two of them joined, with one to eight mutations."""
    data = bytearray(rng.choice(valid))
    if rng.random() < 0.1:
        other = rng.choice(valid)
        data[_at(rng, data) :] = other[rng.randrange(len(other) + 1) :]
    for _ in range(rng.randint(1, 8)):
        rng.choice(MUTATIONS)(rng, data)
    del data[MAX_INPUT:]
    return bytes(data)


def chunks(rng: random.Random, data: bytes) -> list[bytes]:
    """Split the bytes at arbitrary points, as a connection may deliver them."""
    if rng.random() < 0.3:
        return [data]
    size = rng.choice((1, 3, 17, 200, 1500)) if len(data) < 4096 else rng.choice((200, 1500, 9000))
    pieces, at = [], 0
    while at < len(data):
        step = rng.randint(1, 2 * size)
        pieces.append(data[at : at + step])
        at += step
    return pieces


def _at(rng: random.Random, data: bytearray) -> int:
    return rng.randrange(len(data) + 1)


def _flip(rng: random.Random, data: bytearray) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(rng: random.Random, data: bytearray) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice((0, 1, 0x24, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _cut(rng: random.Random, data: bytearray) -> None:
    del data[_at(rng, data) :]


def _leave_out(rng: random.Random, data: bytearray) -> None:
    at = _at(rng, data)
    del data[at : at + rng.choice((1, 2, 4, 12, 100))]


def _repeat(rng: random.Random, data: bytearray) -> None:
    at = _at(rng, data)
    part = bytes(data[at : at + rng.randint(1, 200)])
    data[at:at] = part * rng.choice((1, 2, 10, 100))


def _insert_string(rng: random.Random, data: bytearray) -> None:
    at = _at(rng, data)
    data[at:at] = rng.choice(ODD_STRINGS)


def _insert_noise(rng: random.Random, data: bytearray) -> None:
    at = _at(rng, data)
    data[at:at] = rng.randbytes(rng.choice((1, 4, 16, 300)))


def _other_number(rng: random.Random, data: bytearray) -> None:
    at = _at(rng, data)
    while at < len(data) and not 0x30 <= data[at] <= 0x39:
        at += 1
    end = at
    while end < len(data) and 0x30 <= data[end] <= 0x39:
        end += 1
    data[at:end] = rng.choice(ODD_NUMBERS)


def _swap(rng: random.Random, data: bytearray) -> None:
    """Swap two adjacent stretches, as reordering does."""
    first, second, third = sorted(_at(rng, data) for _ in range(3))
    data[first:third] = data[second:third] + data[first:second]


MUTATIONS: tuple[Mutation, ...] = (
    *(_flip, _flip, _overwrite, _overwrite, _cut, _leave_out, _repeat),
    *(_insert_string, _insert_string, _insert_noise, _other_number, _swap),
)
