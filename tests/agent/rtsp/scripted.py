"""A camera on a real socket that answers as a test's script says."""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.agent.rtsp.footage import access_units

SDP = b"v=0\r\ns=test\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"


@dataclass
class Asked:
    """One request that was received."""

    method: str
    uri: str
    headers: dict[str, str]


Answer = bytes | Awaitable[bytes | None] | None
Handler = Callable[["Visitor", Asked], Answer]


@dataclass
class Camera:
    """The script, and what was received. `handlers`, by method, precede the standard answers."""

    handlers: dict[str, Handler] = field(default_factory=dict)
    sdp: bytes = SDP
    timeout_s: int = 60
    media: Callable[["Visitor"], Awaitable[None]] | None = None
    asked: list[Asked] = field(default_factory=list)
    reports: list[bytes] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    port: int = 0
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rtsp://{host}:{self.port}/cam"

    def methods(self) -> list[str]:
        return [asked.method for asked in self.asked]

    def count(self, method: str) -> int:
        return self.methods().count(method)


class Visitor:
    """One connection to the camera."""

    def __init__(self, camera: Camera, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.camera = camera
        self.reader = reader
        self.writer = writer
        self.streaming: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        while head := await self._head():
            first, *lines = head.decode().split("\r\n")
            pairs = (line.split(": ", 1) for line in lines if line)
            method, uri, _ = first.split(" ")
            asked = Asked(method, uri, dict(pairs))
            self.camera.asked.append(asked)
            handler = self.camera.handlers.get(method, usual)
            answer = handler(self, asked)
            if isinstance(answer, Awaitable):
                answer = await answer
            if answer is None:
                continue
            self.writer.write(answer.replace(b"CSEQ", asked.headers["CSeq"].encode()))
            if method == "PLAY" and answer.startswith(b"RTSP/1.0 200") and self.camera.media is not None:
                self.streaming = asyncio.create_task(self._stream())

    async def _stream(self) -> None:
        assert self.camera.media is not None
        with contextlib.suppress(ConnectionError):
            await self.camera.media(self)

    async def _head(self) -> bytes | None:
        """Return the next request's head, or None at the end; what comes in frames is kept in `reports`."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while (first := await self.reader.readexactly(1)) == b"$":
                _, size = struct.unpack("!BH", await self.reader.readexactly(3))
                self.camera.reports.append(await self.reader.readexactly(size))
            return first + await self.reader.readuntil(b"\r\n\r\n")
        return None


def response(status: str, *headers: str, body: bytes = b"") -> bytes:
    """Return an answer; its CSeq is filled in when it is sent."""
    lines = [f"RTSP/1.0 {status}", "CSeq: CSEQ", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def usual(visitor: Visitor, asked: Asked) -> bytes:
    """Answer as a well-behaved camera does."""
    match asked.method:
        case "OPTIONS":
            return response("200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
        case "DESCRIBE":
            return response("200 OK", "Content-Type: application/sdp", body=visitor.camera.sdp)
        case "SETUP":
            session = f"Session: 12345678;timeout={visitor.camera.timeout_s}"
            return response("200 OK", session, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        case _:
            return response("200 OK", "Session: 12345678")


def saying(status: str, *headers: str, body: bytes = b"") -> Handler:
    """Return a handler that always gives the same answer."""
    return lambda _visitor, _asked: response(status, *headers, body=body)


async def never(_visitor: Visitor, _asked: Asked) -> None:
    """Give no answer."""


def rtp(
    sequence: int, timestamp: int, payload: bytes, *, marker: bool = False, ssrc: int = 7, kind: int = 96
) -> bytes:
    """Return one RTP packet."""
    return (
        struct.pack("!BBHII", 0x80, kind | marker << 7, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload
    )


def interleaved(packet: bytes, channel: int = 0) -> bytes:
    """Return a packet as it is sent over RTSP's own connection."""
    return struct.pack("!BBH", 0x24, channel, len(packet)) + packet


def packets_of(unit: list[bytes], sequence: int, timestamp: int) -> list[bytes]:
    """Return one access unit, with a packet for each NAL unit (they are small)."""
    last = len(unit) - 1
    return [rtp(sequence + i, timestamp, nal, marker=i == last) for i, nal in enumerate(unit)]


def footage(
    *, fps: float = 25, frames: int | None = None, channel: int = 0
) -> Callable[[Visitor], Awaitable[None]]:
    """Return media for a camera: real H.264, endless or with that number of frames."""

    async def play(visitor: Visitor) -> None:
        sequence, number = 1000, 0
        units = access_units()
        while frames is None or number < frames:
            unit = units[number % len(units)]
            for packet in packets_of(unit, sequence, int(number * 90000 / fps)):
                visitor.writer.write(interleaved(packet, channel))
            sequence += len(unit)
            number += 1
            await visitor.writer.drain()
            await asyncio.sleep(1 / fps)

    return play


@asynccontextmanager
async def serving(camera: Camera, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Camera]:
    """Serve the camera on a free port inside the context. It keeps its port when it is served again."""
    writers: set[asyncio.StreamWriter] = set()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        camera.connections += 1
        camera.open_now += 1
        writers.add(writer)
        visitor = Visitor(camera, reader, writer)
        try:
            await visitor.serve()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            camera.open_now -= 1
            writers.discard(writer)
            if visitor.streaming is not None:
                visitor.streaming.cancel()
            writer.close()

    server = await asyncio.start_server(visit, camera.host, camera.port, ssl=tls)
    camera.port = server.sockets[0].getsockname()[1]
    try:
        yield camera
    finally:
        server.close()
        for writer in list(writers):
            writer.transport.abort()
