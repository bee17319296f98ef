"""One TCP connection to a camera's web server, with TLS or without, read no faster than is fair."""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Callable

from pantau_agent.failure import Failure, Kind, LookError, Step
from pantau_agent.rtsp.connection import ADDRESS_S, MAX_ADDRESSES, MAX_OCTETS_PER_SECOND
from pantau_agent.rtsp.url import StreamUrl

CHUNK = 64 << 10
FAREWELL_S = 1.0


class Connection:
    """What `connect` makes."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, monotonic: Callable[[], float]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._monotonic = monotonic
        self._octets = 0
        self._octets_since = 0.0

    async def send(self, request: bytes) -> None:
        """Sends a request. Raises `OSError`."""
        self._writer.write(request)
        await self._writer.drain()

    async def read(self) -> bytes:
        """What has come, or comes next; empty at the end. Raises `OSError`."""
        if self._octets > MAX_OCTETS_PER_SECOND:
            elapsed, self._octets = self._monotonic() - self._octets_since, 0
            await asyncio.sleep(max(0.0, 1 - elapsed))
            self._octets_since = self._monotonic()
        data = await self._reader.read(CHUNK)
        self._octets += len(data)
        return data

    async def close(self) -> None:
        """Closes it; at once where the camera takes no leave."""
        self._writer.close()
        try:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await self._writer.wait_closed()
        finally:
            self._writer.transport.abort()


async def connect(url: StreamUrl, monotonic: Callable[[], float], reached: Callable[[Step], None]) -> Connection:
    """Connects to each of the name's addresses in turn. `reached` is told each step as it begins.

    Raises:
        LookError: the name does not resolve, or no address takes the connection; it tells of the first one.
    """
    reached(Step.RESOLVE)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        said = error.strerror if isinstance(error, socket.gaierror) else "it is no valid name"
        raise LookError(
            Failure(Step.RESOLVE, Kind.NAME, f"the name {url.host!r} cannot be resolved: {said}")
        ) from None
    reached(Step.CONNECT)
    failures: list[Failure] = []
    for *_, address in found[:MAX_ADDRESSES]:
        host, port = str(address[0]), int(address[1])
        try:
            async with asyncio.timeout(ADDRESS_S if len(found) > 1 else None):
                reader, writer = await asyncio.open_connection(host, port)
                await _secure(url, writer, reached)
        except OSError as error:
            failures.append(_failure_of(error, host, port))
        else:
            return Connection(reader, writer, monotonic)
    raise LookError(failures[0])


async def _secure(url: StreamUrl, writer: asyncio.StreamWriter, reached: Callable[[Step], None]) -> None:
    if url.scheme != "https":
        return
    reached(Step.TLS)
    try:
        await writer.start_tls(_unverified(), server_hostname="")
    except BaseException:
        writer.transport.abort()
        raise


def _failure_of(error: OSError, host: str, port: int) -> Failure:
    if isinstance(error, ssl.SSLError):
        return Failure(Step.TLS, Kind.NOT_RTSP, f"no TLS is spoken at {host} port {port}: {error.reason}")
    said = os.strerror(error.errno) if error.errno else str(error) or "no answer"
    return Failure(Step.CONNECT, Kind.OS_ERROR, f"{host} port {port}: {said}", errno=error.errno)


def _unverified() -> ssl.SSLContext:
    """Cameras carry certificates that they signed themselves: TLS keeps the password from listeners, no more."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(ssl.SSLError):
        context.set_ciphers("DEFAULT@SECLEVEL=0")  # old firmware has short keys
    return context
