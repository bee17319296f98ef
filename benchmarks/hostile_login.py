"""What one site's login can do to a broker, at full speed: `python -m benchmarks.hostile_login PORT SITE SECONDS`.

MQTT is written to the socket as bytes, because a client library keeps to the rules. Each attack takes its turn;
what it sent is printed as one JSON object a line.
"""

import contextlib
import itertools
import json
import os
import random
import socket
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator

from pantau_contract.messages import Birth, CameraAbout, CameraState, Sample, Telemetry
from pantau_contract.preset_dictionary import PRESET_DICTIONARY
from pantau_contract.snapshot import SnapshotMetadata, stamp
from pantau_contract.states import Cause, State
from pantau_contract.wire import encode

_CHUNK = 1 << 20
"""Bytes written to the socket at once, about."""


def _text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(data)) + data


def _packet(first: int, body: bytes) -> bytes:
    length, head = len(body), bytearray([first])
    while True:
        length, low = divmod(length, 128)
        head.append(low | 0x80 if length else low)
        if not length:
            return bytes(head) + body


def connect_packet(
    site: str, client_id: str, *, clean: bool = True, will: tuple[str, bytes] | None = None
) -> bytes:
    """Return CONNECT of MQTT 3.1.1; the password is the site's name."""
    flags = 0xC0 | (0x02 if clean else 0) | (0x2C if will else 0)
    body = _text("MQTT") + bytes([4, flags]) + struct.pack(">H", 60) + _text(client_id)
    if will:
        body += _text(will[0]) + _text(will[1])
    return _packet(0x10, body + _text(site) + _text(site))


def publish_packet(topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, mid: int = 1) -> bytes:
    """Return PUBLISH."""
    body = _text(topic) + (struct.pack(">H", mid) if qos else b"") + payload
    return _packet(0x30 | qos << 1 | int(retain), body)


class Login:
    """A connection with the site's password, of which the answers are read and thrown away."""

    def __init__(self, port: int, site: str, *, client_id: str = "x", reads: bool = True) -> None:
        self.site = site
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.settimeout(10)
        self._socket.sendall(connect_packet(site, client_id))
        if reads:
            threading.Thread(target=self._read, daemon=True).start()

    def send(self, data: bytes) -> None:
        """Write bytes.

        Raises:
            OSError: the broker has ended the connection, or takes nothing.
        """
        self._socket.sendall(data)

    def close(self) -> None:
        """End the connection without DISCONNECT."""
        self._socket.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while self._socket.recv(1 << 16):
                pass


def telemetry(site: str, seq: int, *, samples: int = 1) -> Telemetry:
    """Return a batch of which each is another boot's, so that none is a repetition."""
    now = time.time_ns() // 1_000_000
    made = tuple(Sample(f"cam{i % 16}", now, State.DOWN, now, Cause.REFUSED) for i in range(samples))
    return Telemetry(site, f"b{random.random()}", seq, now, seq, True, 5, made)


def bomb(site: str, seq: int) -> bytes:
    """Return a payload of a few kilobytes of many columns."""
    now = time.time_ns() // 1_000_000
    columns = {"camera": ["c"] * 16_384, "time": [0] * 16_384, "state": "ok", "since": 0}
    columns["evidence"] = {f"{i:x}": 0 for i in range(1000)}
    about = {"site": site, "boot": "b", "seq": seq, "time": now, "monotonic_ms": 1, "clock_synchronised": True}
    raw = json.dumps({**about, "interval_s": 30, "columns": columns}, separators=(",", ":")).encode()
    deflater = zlib.compressobj(level=9, memLevel=9, zdict=PRESET_DICTIONARY)
    return deflater.compress(raw) + deflater.flush()


class Attacks:
    """The attacks, each a method that yields what to send until it is stopped."""

    def __init__(self, port: int, site: str) -> None:
        self._port = port
        self._site = site
        self._topic = f"pantau/v1/{site}"
        self._count = itertools.count()

    def all(self) -> list[tuple[str, Callable[[], Iterator[bytes]], int]]:
        """Return each attack's name, what it sends, and how many messages are in one of its pieces."""
        return [
            ("small batches, QoS 1", lambda: self._batches(qos=1), 200),
            ("small batches, QoS 0", lambda: self._batches(qos=0), 200),
            ("large batches", self._large_batches, 4),
            ("columns that expand", self._bombs, 20),
            ("rubbish of 2 MiB", self._rubbish, 1),
            ("snapshots of 1 MiB", self._snapshots, 1),
            ("states of made-up cameras, retained", self._states, 200),
            ("births with other cameras and sessions", self._births, 20),
            ("subscriptions to anything", self._subscriptions, 500),
            ("forged acknowledgements and foreign topics", self._foreign, 200),
            ("short empty messages", self._empty, 1000),
        ]

    def _batches(self, *, qos: int) -> Iterator[bytes]:
        while True:
            yield b"".join(
                publish_packet(
                    f"{self._topic}/telemetry", encode(telemetry(self._site, next(self._count))), qos=qos
                )
                for _ in range(200)
            )

    def _large_batches(self) -> Iterator[bytes]:
        while True:
            batches = [telemetry(self._site, next(self._count), samples=2000) for _ in range(4)]
            yield b"".join(publish_packet(f"{self._topic}/telemetry", encode(batch)) for batch in batches)

    def _bombs(self) -> Iterator[bytes]:
        made = [bomb(self._site, next(self._count)) for _ in range(20)]
        while True:
            yield b"".join(publish_packet(f"{self._topic}/telemetry", payload) for payload in made)

    def _rubbish(self) -> Iterator[bytes]:
        rubbish = os.urandom(2 << 20)
        while True:
            yield publish_packet(f"{self._topic}/telemetry", rubbish)

    def _snapshots(self) -> Iterator[bytes]:
        while True:
            about = SnapshotMetadata(self._site, "cam0", time.time_ns() // 1_000_000, State.OK)
            jpeg = stamp(b"\xff\xd8\xff\xda\x00\x02" + bytes(_CHUNK) + b"\xff\xd9", about)
            yield publish_packet(f"{self._topic}/camera/cam0/snapshot", jpeg)

    def _states(self) -> Iterator[bytes]:
        while True:
            now, pieces = time.time_ns() // 1_000_000, []
            for _ in range(200):
                camera = f"made-up-{next(self._count)}"
                state = CameraState(
                    self._site, camera, "b", next(self._count), now, State.DOWN, now, Cause.REFUSED
                )
                pieces.append(publish_packet(f"{self._topic}/camera/{camera}/state", encode(state), retain=True))
            yield b"".join(pieces)

    def _births(self) -> Iterator[bytes]:
        while True:
            now, pieces = time.time_ns() // 1_000_000, []
            for _ in range(20):
                session = next(self._count)
                cameras = tuple(CameraAbout(f"c{session}-{number}", "x" * 400) for number in range(200))
                birth = Birth(self._site, f"b{session}", session, now, "1", 5, cameras=cameras)
                pieces.append(publish_packet(f"{self._topic}/agent", encode(birth), retain=True))
            yield b"".join(pieces)

    def _subscriptions(self) -> Iterator[bytes]:
        while True:
            filters = [_text("/".join([f"{next(self._count):x}", *["a"] * 198])) + b"\0" for _ in range(500)]
            yield _packet(0x82, struct.pack(">H", 1) + b"".join(filters))

    def _foreign(self) -> Iterator[bytes]:
        topics = ("site0/ack", "site0/telemetry", "site0/agent", "pantau-collector/agent", f"{self._site}/ack")
        while True:
            pieces = [publish_packet(f"pantau/v1/{random.choice(topics)}", b"{}") for _ in range(199)]
            yield b"".join([*pieces, publish_packet("$CONTROL/dynamic-security/v1", b'{"commands":[]}')])

    def _empty(self) -> Iterator[bytes]:
        piece = publish_packet(f"{self._topic}/reply", b"", qos=0) * 1000
        while True:
            yield piece

    def reconnect(self, until_s: float) -> int:
        """Connect again and again, with a will, under other clients' ids; return how often."""
        count = 0
        ids = ("pantau-collector", "pantau-agent-site0", "site0", "")
        while time.monotonic() < until_s:
            with contextlib.suppress(OSError):
                stream = socket.create_connection(("127.0.0.1", self._port), 5)
                will = (f"{self._topic}/agent", b'{"status":"offline"}')
                stream.sendall(connect_packet(self._site, random.choice(ids), will=will))
                stream.recv(4)
                stream.close()
                count += 1
        return count

    def run(self, make: Callable[[], Iterator[bytes]], until_s: float) -> tuple[int, int]:
        """Send what an attack makes, as fast as the broker takes it; return the pieces and bytes sent."""
        pieces = sent = 0
        while time.monotonic() < until_s:
            with contextlib.suppress(OSError):
                login = Login(self._port, self._site)
                for piece in make():
                    login.send(piece)
                    pieces, sent = pieces + 1, sent + len(piece)
                    if time.monotonic() >= until_s:
                        break
                login.close()
        return pieces, sent


def main() -> None:
    """Run every attack for its part of the time, or those whose name contains the last argument."""
    port, site, seconds, only = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4]
    attacks = Attacks(port, site)
    chosen = [each for each in attacks.all() if only in each[0]]
    part_s = seconds / (len(chosen) + (not only))
    for name, make, size in chosen:
        from_s = time.time()
        pieces, sent = attacks.run(make, time.monotonic() + part_s)
        _report(name, pieces * size, sent, from_s)
    if only:
        return
    from_s = time.time()
    count = attacks.reconnect(time.monotonic() + part_s)
    _report("connections under other clients' ids", count, 0, from_s)


def _report(name: str, messages: int, sent: int, from_s: float) -> None:
    attack = {"attack": name, "messages": messages, "mb": sent / 1e6, "from_s": from_s, "to_s": time.time()}
    print(json.dumps(attack), flush=True)


if __name__ == "__main__":
    main()
