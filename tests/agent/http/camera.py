"""A camera's web server on a real socket that answers as a test's script says."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np

Script = Callable[["Visitor", "Asked"], Awaitable[None]]


@dataclass
class Asked:
    """One request that was received; header names are in lower case."""

    path: str
    headers: dict[str, str]


@dataclass
class Visitor:
    """One connection. A script that returns leaves it open, unless it closes it."""

    camera: "Camera"
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        self.writer.close()


@dataclass
class Camera:
    """The script, and what was received."""

    script: Script
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/cam"


@asynccontextmanager
async def serving(camera: Camera, tls: ssl.SSLContext | None = None) -> AsyncIterator[Camera]:
    visits: set[asyncio.Task[None]] = set()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visits.add(task)
        camera.connections += 1
        camera.open_now += 1
        camera.most_open = max(camera.most_open, camera.open_now)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode()
                    first, *lines = head.strip().split("\r\n")
                    pairs = (line.split(": ", 1) for line in lines)
                    asked = Asked(first.split(" ")[1], {name.lower(): value for name, value in pairs})
                    camera.asked.append(asked)
                    await camera.script(Visitor(camera, writer), asked)
        finally:
            camera.open_now -= 1
            writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0, ssl=tls)
    camera.port = server.sockets[0].getsockname()[1]
    camera.scheme = "https" if tls else "http"
    try:
        yield camera
    finally:
        server.close()
        for task in visits:
            task.cancel()
        if visits:
            await asyncio.wait(visits)


@cache
def pictures(number: int = 50) -> tuple[bytes, ...]:
    """Return JPEGs of 128x96. The picture moves."""
    rng = np.random.default_rng(1)
    still = rng.integers(40, 200, (24, 32, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    encoded = (cv2.imencode(".jpg", np.roll(still, 3 * at, axis=1))[1] for at in range(number))
    return tuple(jpeg.tobytes() for jpeg in encoded)


def response(status: str, *headers: str, body: bytes = b"", length: int | None = None) -> bytes:
    """Return a whole response; `length` is sent instead of the true length."""
    stated = len(body) if length is None else length
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {stated}", *headers, "", ""]).encode() + body


def saying(status: str, *headers: str, body: bytes = b"") -> Script:
    """Return a script that always gives the same response."""

    async def say(visitor: Visitor, _asked: Asked) -> None:
        await visitor.send(response(status, *headers, body=body))

    return say


MULTIPART = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"


def part(content: bytes, media_type: str = "image/jpeg") -> bytes:
    """Return one part, preceded by its boundary."""
    head = f"--frame\r\nContent-Type: {media_type}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content + b"\r\n"


def streaming(
    *contents: bytes, every_s: float = 0.1, repeat: bool = True, media_type: str = "image/jpeg"
) -> Script:
    """Return a script that sends MJPEG with these contents, repeatedly, or once and then silence."""

    async def stream(visitor: Visitor, _asked: Asked) -> None:
        await visitor.send(MULTIPART)
        while True:
            for content in contents:
                await visitor.send(part(content, media_type))
                await asyncio.sleep(every_s)
            if not repeat:
                await asyncio.Event().wait()

    return stream


def stills(status: str = "200 OK", media_type: str = "image/jpeg") -> Script:
    """Return a script that answers each request with the next picture."""

    async def show(visitor: Visitor, _asked: Asked) -> None:
        jpeg = pictures()[len(visitor.camera.asked) % len(pictures())]
        await visitor.send(response(status, f"Content-Type: {media_type}", body=jpeg))

    return show
