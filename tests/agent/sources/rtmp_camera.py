"""A camera that speaks just enough RTMP to be asked for its stream, and answers as a test says."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK = 128
"""RTMP's initial chunk size in bytes (Adobe's RTMP 1.0, section 5.4)."""


@asynccontextmanager
async def answering(status: str, level: str = "error", text: str = "") -> AsyncIterator[int]:
    """Listen on the returned port inside the context; answer `play` with that status, and send nothing more."""

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            greeting = await reader.readexactly(1 + 1536)
            writer.write(b"\x03" + bytes(1536) + greeting[1:])
            await reader.readexactly(1536)
            heard = b""
            while data := await reader.read(4096):
                heard += data
                writer.write(_answers(heard, status, level, text))
                for asked in (b"connect", b"createStream", b"play"):
                    if asked in heard:
                        heard = heard[heard.index(asked) + len(asked) :]
        writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def _answers(heard: bytes, status: str, level: str, text: str) -> bytes:
    answers = b""
    if b"connect" in heard:
        answers += _command(
            _string("_result") + _number(1) + b"\x05" + _object(code="NetConnection.Connect.Success")
        )
    at = heard.find(b"createStream")
    if at >= 0:
        number = heard[at + len(b"createStream") :][:9]
        answers += _command(_string("_result") + number + b"\x05" + _number(1))
    if b"\x04play\x00" in heard:
        told = _object(level=level, code=status, description=text)
        answers += _command(_string("onStatus") + _number(0) + b"\x05" + told)
    return answers


def _command(body: bytes) -> bytes:
    """Return one message of type 20, split into chunks."""
    head = struct.pack("!B3s3sB4s", 3, bytes(3), len(body).to_bytes(3), 20, bytes(4))
    parts = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)]
    return head + b"\xc3".join(parts)


def _string(text: str) -> bytes:
    return b"\x02" + struct.pack("!H", len(text)) + text.encode()


def _number(value: float) -> bytes:
    return b"\x00" + struct.pack("!d", value)


def _object(**fields: str) -> bytes:
    """Return an AMF 0 object (Adobe, section 2.5)."""
    pairs = (struct.pack("!H", len(name)) + name.encode() + _string(value) for name, value in fields.items())
    return b"\x03" + b"".join(pairs) + b"\x00\x00\x09"
