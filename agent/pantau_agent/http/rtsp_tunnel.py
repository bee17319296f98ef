"""RTSP tunnelled in HTTP, for cameras behind a firewall or a proxy that lets nothing but HTTP through.

The method is that of Apple's QuickTime ("Tunnelling QuickTime RTSP and RTP over HTTP", 1999), which ONVIF's
streaming specification adopts: the camera sends RTSP and the interleaved media in its response to a GET; requests
go to it in base64 in the body of a POST on a second connection. A cookie shows that the two belong together.
"""

import asyncio
import base64
import contextlib
import functools
import re
import secrets
import socket
from collections.abc import Awaitable, Callable
from time import thread_time
from typing import Any

from pantau_agent.http.request import host_of
from pantau_agent.http.response import ResponseHead, ResponseParser
from pantau_agent.rtsp.connection import ABORT_S, RtspConnection, at_step
from pantau_agent.streams import tcp
from pantau_agent.streams.authentication import Authenticator, authenticate
from pantau_agent.streams.budget import PIECES_PER_READ
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.malformed import MalformedError, described
from pantau_agent.streams.refusal import error_status, refused_login
from pantau_agent.streams.safeguards import Channel, Safeguards
from pantau_agent.streams.url import StreamUrl
from pantau_contract.version import __version__

POST_BYTES = 32767
"""Length that each POST states, in bytes, as QuickTime does. The requests of one session are usually far fewer."""
_TYPE = "application/x-rtsp-tunnelled"
_PAST = "Sun, 9 Jan 1972 00:00:00 GMT"
"""The time at which a POST expires, so that no proxy keeps it."""
_HEAD_END = re.compile(rb"\r?\n\r?\n")


class Post:
    """A POST on a connection of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._room = POST_BYTES

    def begin(self, head: bytes) -> None:
        """Send the head of the request."""
        self._writer.write(head)

    def fits(self, data: bytes) -> bool:
        """Return whether the data can be sent: the camera has not closed, and the length allows it."""
        return len(data) <= self._room and not self._reader.at_eof() and not self._writer.is_closing()

    def send(self, data: bytes) -> None:
        """Send a piece of the body."""
        self._writer.write(data)
        self._room -= len(data)

    def unsent(self) -> int:
        """Return the bytes that wait to be sent."""
        return self._writer.transport.get_write_buffer_size()

    def close(self) -> None:
        """Close the connection, once what was sent is on its way, within `ABORT_S`."""
        self._writer.close()
        asyncio.get_running_loop().call_later(ABORT_S, self._writer.transport.abort)


OpenPost = Callable[[], Awaitable[Post]]
"""Begins a POST. Raises `LookError`."""


class RtspTunnel(RtspConnection):
    """A connection that `TunnelConnector` has made: it receives in the response to the GET, and sends by POST."""

    def __init__(self, connected: socket.socket, monotonic: Callable[[], float]) -> None:
        super().__init__(connected, monotonic)
        self.head: asyncio.Future[ResponseHead] = asyncio.get_running_loop().create_future()
        self._received_head = b""
        self._open_post: OpenPost | None = None
        self._post: Post | None = None
        self._posting: asyncio.Task[None] | None = None
        self._unsent = b""

    def send_get(self, request: bytes) -> None:
        """Send the GET that opens the tunnel."""
        super().send(request)

    def begin(self, open_post: OpenPost, post: Post) -> None:
        """Begin to send by `post`; `open_post` begins a further one."""
        self._open_post, self._post = open_post, post

    def send(self, request: bytes) -> None:
        """Send an RTSP request, by another POST once the current one is full or closed."""
        if self.closed:
            return
        self._unsent += base64.b64encode(request)
        if self._posting is None or self._posting.done():
            if self._post is not None and self._post.fits(self._unsent):
                self._flush(self._post)
            else:
                self._posting = asyncio.create_task(self._post_again())

    def close(self) -> None:
        """Close both connections, once what was sent is on its way."""
        if self._posting is not None:
            self._posting.cancel()
        if self._post is not None:
            self._post.close()
        super().close()

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with each chunk of data: first the response's head, then RTSP."""
        if self.head.done():
            super().data_received(data)
            return
        begun = thread_time()
        self._received_head += data
        end = _HEAD_END.search(self._received_head)
        parser = ResponseParser()
        try:
            parser.feed(self._received_head[: end.end()] if end is not None else self._received_head)
        except MalformedError as error:
            self._end(Failure(Step.GET, Kind.WRONG_PROTOCOL, described("HTTP", error)))
            return
        self.spend(len(data), parser.pieces + PIECES_PER_READ, thread_time() - begun)
        if end is not None and parser.head is not None:
            rest, self._received_head = self._received_head[end.end() :], b""
            self.head.set_result(parser.head)
            if rest:
                super().data_received(rest)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio when the response to the GET has ended, and with it the session."""
        super().connection_lost(error)
        if self._post is not None:
            self._post.close()

    def _waiting_to_be_sent(self) -> int:
        return len(self._unsent) + (self._post.unsent() if self._post is not None else 0)

    def _flush(self, post: Post) -> None:
        post.send(self._unsent)
        self._unsent = b""

    async def _post_again(self) -> None:
        assert self._open_post is not None  # noqa: S101 # for the type checker: `begin` comes before any request
        if self._post is not None:
            self._post.close()
        with contextlib.suppress(LookError, OSError):  # no response will come then, which whoever waits notices
            self._post = await self._open_post()
            self._flush(self._post)


class TunnelConnector:
    """Makes tunnels to one camera, with the login that its web server asks for.

    `trusted` and `safeguards` are as for a session.
    """

    def __init__(
        self, credentials: Credentials | None, *, trusted: bool, safeguards: Safeguards | None = None
    ) -> None:
        self._safeguards = safeguards or Safeguards()
        self._authenticator = Authenticator(credentials, self._safeguards, protocol="http")
        self._trusted = trusted

    async def connect(
        self, url: StreamUrl, monotonic: Callable[[], float], on_step: Callable[[Step], None]
    ) -> RtspTunnel:
        """Open a tunnel for an RTSP URL, whose port is that of the web server.

        Raises:
            LookError: the camera is not reached, or refuses.
        """
        opening = _Opening(url, monotonic, on_step, self._safeguards)

        async def post() -> Post:
            return await opening.post(self._authenticator.authorization("POST", opening.path))

        try:
            tunnel = await self._get(opening)
            tunnel.begin(post, await post())
        except BaseException:
            opening.abandon()
            raise
        return tunnel

    async def _get(self, opening: "_Opening") -> RtspTunnel:
        """Send the GET, log in if the camera asks for it, and return the tunnel. Raises `LookError`."""

        async def send(authorization: str | None) -> ResponseHead:
            head = await opening.get(authorization)
            self._authenticator.channel = opening.channel
            return head

        head, refusal = await authenticate(self._authenticator.flow("GET", opening.path), send)
        if refusal is not None:
            raise LookError(
                refused_login(
                    Step.GET, head.status, head.reason, refusal, self._authenticator, trusted=self._trusted
                )
            )
        if not 200 <= head.status < 300:
            raise LookError(error_status(Step.GET, head.status, head.reason))
        assert opening.tunnel is not None  # noqa: S101 # for the type checker: it has received the head
        return opening.tunnel


class _Opening:
    """Opens one tunnel: each attempt to log in takes a connection of its own, and so does each POST."""

    def __init__(
        self,
        url: StreamUrl,
        monotonic: Callable[[], float],
        on_step: Callable[[Step], None],
        safeguards: Safeguards,
    ) -> None:
        self.tunnel: RtspTunnel | None = None
        self.path = url.path if url.path.startswith("/") else f"/{url.path}"
        self._url = url
        self._safeguards = safeguards
        self._tls = safeguards if url.scheme == "rtsps" else None
        self._monotonic = monotonic
        self._on_step = on_step
        self._cookie = secrets.token_hex(11)  # 22 characters, as QuickTime's

    @property
    def channel(self) -> Channel:
        """What is known of the connections."""
        return self._safeguards.channel(self._url.host, self._url.port, encrypted=self._tls is not None)

    async def get(self, authorization: str | None) -> ResponseHead:
        """Send the GET, and return the head of its response. Raises `LookError`."""
        self.abandon()

        async def make(connected: socket.socket, tls: dict[str, Any]) -> RtspTunnel:
            loop, factory = asyncio.get_running_loop(), functools.partial(RtspTunnel, connected, self._monotonic)
            return (await loop.create_connection(factory, sock=connected, **tls))[1]

        tunnel = self.tunnel = await tcp.connect(
            self._url.host, self._url.port, make, self._on_step, tls=self._tls
        )
        self._on_step(Step.GET)
        tunnel.send_get(self._request("GET", f"Accept: {_TYPE}", authorization=authorization))
        both: set[asyncio.Future[Any]] = {tunnel.head, tunnel.ended}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not tunnel.head.done():
            assert tunnel.failure is not None  # noqa: S101 # for the type checker: it has ended
            raise LookError(at_step(Step.GET, tunnel.failure))
        return tunnel.head.result()

    async def post(self, authorization: str | None) -> Post:
        """Begin a POST. Raises `LookError`."""

        async def make(connected: socket.socket, tls: dict[str, Any]) -> Post:
            return Post(*await asyncio.open_connection(sock=connected, **tls))

        post = await tcp.connect(self._url.host, self._url.port, make, lambda _step: None, tls=self._tls)
        body = (f"Content-Type: {_TYPE}", f"Content-Length: {POST_BYTES}", f"Expires: {_PAST}")
        post.begin(self._request("POST", *body, authorization=authorization))
        return post

    def abandon(self) -> None:
        """Close the tunnel, if there is one."""
        if self.tunnel is not None:
            self.tunnel.close()

    def _request(self, method: str, *headers: str, authorization: str | None) -> bytes:
        # HTTP/1.0 as in Apple's text: its response is never chunked, and some servers accept no other version.
        lines = [
            f"{method} {self.path} HTTP/1.0",
            f"Host: {host_of(self._url)}",
            f"User-Agent: Pantau/{__version__}",
        ]
        lines += [f"x-sessioncookie: {self._cookie}", *headers, "Pragma: no-cache", "Cache-Control: no-cache"]
        if authorization is not None:
            lines.append(f"Authorization: {authorization}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()
