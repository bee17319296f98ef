"""An RTSP client that sends exactly what a test wants and returns exactly what arrives."""

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

TIMEOUT_S = 60.0
"""Seconds to wait for whatever a test expects."""


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, list[str]]
    body: str

    def header(self, name: str) -> str:
        return self.headers[name.lower()][0]


@dataclass(frozen=True)
class RtpPacket:
    marker: bool
    kind: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes

    @classmethod
    def of(cls, data: bytes) -> Self:
        first, second, sequence, timestamp, ssrc = struct.unpack(">BBHII", data[:12])
        assert first == 0x80
        return cls(second > 127, second & 127, sequence, timestamp, ssrc, data[12:])

    @property
    def keyframe(self) -> bool:
        """True if the packet begins an IDR picture of H.264."""
        kind = self.payload[0] & 31
        return kind == 5 or (kind == 28 and self.payload[1] & 0x9F == 0x85)


class Client:
    """`async with Client(url) as client: await client.play()`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = ""
        self._cseq = 0
        self._frames: deque[tuple[int, bytes]] = deque()

    async def __aenter__(self) -> Self:
        at = urlsplit(self.url)
        self._reader, self._writer = await asyncio.open_connection(at.hostname, at.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    async def request(self, method: str, url: str = "", **headers: str) -> Response:
        """Send a request and return its response; interleaved frames before it are kept."""
        self._cseq += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self._cseq}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                received = await self._next()
                if isinstance(received, Response):
                    assert received.header("CSeq") == str(self._cseq)
                    return received
                self._frames.append(received)

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def setup(self, transport: str = "RTP/AVP/TCP;unicast;interleaved=0-1") -> Response:
        answer = await self.request("SETUP", f"{self.url}/trackID=1", Transport=transport)
        if answer.status == 200:
            self.session = answer.header("Session").partition(";")[0]
        return answer

    async def play(self) -> Response:
        assert (await self.setup()).status == 200
        answer = await self.request("PLAY", Session=self.session)
        assert answer.status == 200
        return answer

    async def packet(self, channel: int = 0) -> bytes:
        """Return the next packet on a channel; those on others are discarded.

        Raises:
            EOFError: the connection was closed.
        """
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                received = self._frames.popleft() if self._frames else await self._next()
                if not isinstance(received, Response) and received[0] == channel:
                    return received[1]

    async def rtp(self) -> RtpPacket:
        return RtpPacket.of(await self.packet())

    async def keyframe(self) -> RtpPacket:
        """Return the next packet that begins a keyframe of H.264."""
        while not (packet := await self.rtp()).keyframe:
            pass
        return packet

    async def end(self) -> None:
        """Read until the server closes the connection."""
        try:
            while True:
                await self.packet()
        except EOFError:
            return

    async def quiet(self, for_s: float = 0.6) -> bool:
        """Return True if nothing arrives for a while and the connection stays open."""
        try:
            async with asyncio.timeout(for_s):
                await self._reader.read(1)
                return False
        except TimeoutError:
            return True

    async def raw(self) -> bytes:
        """Return the next raw bytes, none at the end of the connection."""
        async with asyncio.timeout(TIMEOUT_S):
            try:
                return await self._reader.read(65536)
            except ConnectionError:
                return b""

    async def _next(self) -> Response | tuple[int, bytes]:
        try:
            first = await self._reader.readexactly(1)
            if first == b"$":
                channel, length = struct.unpack(">BH", await self._reader.readexactly(3))
                return channel, await self._reader.readexactly(length)
            head = (first + await self._reader.readuntil(b"\r\n\r\n")).decode()
        except ConnectionError:
            raise EOFError from None
        status, *lines = head.strip().split("\r\n")
        headers: dict[str, list[str]] = {}
        for line in lines:
            name, _, value = line.partition(": ")
            headers.setdefault(name.lower(), []).append(value)
        length = int(headers.get("content-length", ["0"])[0])
        return Response(int(status.split()[1]), headers, (await self._reader.readexactly(length)).decode())


async def until(condition: Callable[[], object], *, within_s: float = TIMEOUT_S) -> None:
    """Wait until the condition is true."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 # there is no event to wait for
            await asyncio.sleep(0.02)
