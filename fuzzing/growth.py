"""Measures whether parsing time grows in proportion to the input: the same shape at two sizes, `TIMES` apart."""

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fuzzing import targets
from fuzzing.seeds import joined, rtp
from pantau_agent.onvif import document
from pantau_agent.onvif.document import DocumentError
from pantau_agent.rtsp.messages import Demultiplexer

TIMES = 16
"""Ratio of the large input's size to the small one's."""
MAX_GROWTH = 64
"""Largest accepted ratio of the two times. Linear growth gives 16, quadratic growth 256."""
TRIES = 2
"""Measurements per size; the shortest counts."""
LEAST_S = 0.002
"""Seconds below which a measurement is noise; shorter times count as this long."""
CHUNK = 64 << 10
"""Bytes that one read of a socket may return."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of input that could be costly.

    `make` builds one of about as many bytes as it is passed, `parse` is what is measured, and `size` is the large
    input's size in bytes.
    """

    name: str
    size: int
    make: Callable[[int], bytes]
    parse: Callable[[bytes], None]


def growth(shape: Shape) -> float:
    """Return how many times longer the large input takes than the small one, in processor time."""
    small, large = (_seconds(shape, shape.size // divisor) for divisor in (TIMES, 1))
    return max(large, LEAST_S) / max(small, LEAST_S / TIMES)


def shapes() -> Iterator[Shape]:
    """Yield the shapes to measure."""
    for step in (1, 100, CHUNK):
        for name, unit in _ENDLESS.items():
            yield Shape(f"{name} in chunks of {step}", CHUNK * (1 if step == 1 else 4), _repeat(unit), _feed(step))
    body = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: %d\r\n\r\n"
    yield Shape("a body byte by byte", 250_000, lambda n: body % n + b"x" * n, _feed(1))
    for name, (head, unit) in _SDP.items():
        yield Shape(f"SDP: {name}", 250_000, _after(head, unit), _run(targets.description))
    for name, (head, unit) in _CHALLENGES.items():
        yield Shape(f"challenge: {name}", 8000, _after(head, unit), _run(targets.challenge))
    for name, (head, unit) in _URLS.items():
        yield Shape(f"URL: {name}", 32_000, _after(head, unit), _run(targets.address))
    for name, unit in _XML.items():
        yield Shape(f"XML: {name}", 512 << 10, _after(b"<a>", unit), _parse_xml)
    for codec, payloads in _PAYLOADS.items():
        for name, payload in payloads.items():
            yield Shape(f"{codec}: {name}", 1 << 20, _packets(payload), _run(targets.packets(codec)))
    for codec, (head, unit) in _AGGREGATES.items():
        yield Shape(f"{codec}: an aggregate", 60_000, _one_packet(head, unit), _run(targets.packets(codec)))
    yield Shape("playlist: segments", 250_000, _after(b"#EXTM3U\n", b"#EXTINF:1,\na\n"), _run(targets.playlist))
    yield Shape(
        "RTCP: a long compound", 64_000, _repeat(b"\x80\xca\x00\x01\x00\x00\x00\x07"), _run(targets.reports)
    )


_ENDLESS = {
    "answers": b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n",
    "answers with bare line feeds": b"RTSP/1.0 200 OK\nCSeq: 1\n\n",
    "a header line": b"RTSP/1.0 200 OK\r\nX: " + b"x" * 70_000,
    "headers": b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 20_000,
    "line breaks": b"\r\n",
    "empty frames": b"$\x00\x00\x00",
    "large frames": b"$\x00\xff\xff" + bytes(65_535),
}
_SDP = {
    "tracks": (b"v=0\n", b"m=video 0 RTP/AVP 96\n"),
    "payload types": (b"v=0\nm=video 0 RTP/AVP", b" 96"),
    "maps": (b"v=0\nm=video 0 RTP/AVP 96\n", b"a=rtpmap:96 H264/90000\n"),
    "parameters": (b"v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 ", b"a=b;"),
    "parameter sets": (
        b"v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/1\na=fmtp:96 sprop-parameter-sets=",
        b"Z2QA,",
    ),
    "one line": (b"v=0\na=", b"x"),
    "line separators": (b"v=0\n", "\u2028".encode()),
}
_CHALLENGES = {
    "open quotes": (b"Digest ", b'a="'),
    "escapes": (b'Digest realm="', b"\\"),
    "commas": (b"Digest ", b","),
    "schemes": (b"", b"Basic "),
    "parameters": (b"Digest ", b"a=b,"),
    "spaces": (b"Digest realm", b" "),
}
_URLS = {
    "at signs": (b"rtsp://", b"@"),
    "slashes": (b"rtsp://", b"/"),
    "passwords": (b"rtsp://a/", b"password="),
    "schemes": (b"", b"rtsp://a:"),
    "colons": (b"rtsp://", b":"),
    "letters": (b"", b"a"),
}
_XML = {
    "unfinished elements": b"<a ",
    "double quotes": b'<a "',
    "quotes of both kinds": b"<a \"'",
    "values without an end": b"<aaa x='",
    "opening brackets": b"<",
    "entities": b"&a;",
    "comments": b"<!--",
    "literal texts": b"<![CDATA[",
    "ends of other elements": b"</b>",
    "unfinished ends": b"</b ",
    "attributes": b"b=c ",
}
_PAYLOADS = {
    "h264": {
        "fragments of one byte": b"\x7c\x05\x88",
        "beginnings of fragments": b"\x7c\x85\x88\x80",
        "parameter sets": b"\x67\x64\x00",
        "keyframes": b"\x65\x88\x80\x00",
    },
    "h265": {"fragments of one byte": b"\x62\x01\x13\x88", "parameter sets": b"\x42\x01\x01\x01"},
    "jpeg": {
        "pieces without data": bytes((0, 0, 0, 0, 1, 60, 40, 30)),
        "tables": b"\0\0\0\0\1\xff\x28\x1e\0\0\0\x80",
    },
}
_AGGREGATES = {"h264": (b"\x78", b"\x00\x02\x67\x64"), "h265": (b"\x60\x01", b"\x00\x03\x42\x01\x01")}


def _repeat(unit: bytes) -> Callable[[int], bytes]:
    return _after(b"", unit)


def _after(head: bytes, unit: bytes) -> Callable[[int], bytes]:
    return lambda size: head + (unit * (size // len(unit) + 1))[:size]


def _packets(payload: bytes) -> Callable[[int], bytes]:
    """Repeat the payload in packets of one access unit, after the start of a keyframe."""
    begin = {0x7C: b"\x7c\x85\x88\x80", 0x62: b"\x62\x01\x93\x88"}.get(payload[0], payload)

    def make(size: int) -> bytes:
        count = size // (14 + len(payload))
        return joined(rtp(number, 0, begin if number == 0 else payload, marker=False) for number in range(count))

    return make


def _one_packet(head: bytes, unit: bytes) -> Callable[[int], bytes]:
    return lambda size: joined([rtp(1, 0, head + unit * (size // len(unit)), marker=True)])


def _run(run: Callable[[bytes, random.Random], None]) -> Callable[[bytes], None]:
    return lambda data: run(data, random.Random(0))


def _parse_xml(data: bytes) -> None:
    with contextlib.suppress(DocumentError):
        document.parse(data)


def _feed(step: int) -> Callable[[bytes], None]:
    def parse(data: bytes) -> None:
        demultiplexer = Demultiplexer()
        for at in range(0, len(data), step):
            demultiplexer.feed(data[at : at + step], 0.0)

    return parse


def _seconds(shape: Shape, size: int) -> float:
    data = shape.make(size)
    best = float("inf")
    for _ in range(TRIES):
        began = time.process_time()
        with contextlib.suppress(*targets.DECLARED):
            shape.parse(data)
        best = min(best, time.process_time() - began)
    return best
