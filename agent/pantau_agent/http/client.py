"""An HTTP client for one resource: GET with the login that the camera asks for, redirects only within the host."""

import contextlib
from collections.abc import Callable
from time import thread_time
from urllib.parse import urljoin

from pantau_agent.http.connection import HttpConnection, connect
from pantau_agent.http.request import encode_request
from pantau_agent.http.response import ResponseHead, ResponseParser
from pantau_agent.streams import url as stream_url
from pantau_agent.streams.authentication import Authenticator, authenticate
from pantau_agent.streams.budget import Budget
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.malformed import MalformedError, described
from pantau_agent.streams.refusal import error_status, refused_login
from pantau_agent.streams.safeguards import Channel, Safeguards
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import Detail, detail

MAX_REDIRECTS = 3
"""Most redirects that one GET follows."""
MAX_DISCARDED = 64 << 10
"""Most bytes of an unwanted body that are read in order to keep the connection."""
MAX_COOKIES = 20
"""Most cookies that are kept."""
MAX_COOKIE = 1024
"""Longest Set-Cookie field that is kept, in characters."""
_ACCEPT = "Accept: multipart/x-mixed-replace, image/jpeg, */*;q=0.1"
_REDIRECTS = {301, 302, 303, 307, 308}


class StreamedResponse:
    """A response whose body is read as it comes."""

    def __init__(self, connection: HttpConnection) -> None:
        self.connection = connection
        self.parser = ResponseParser()
        self._pending = b""

    async def read_head(self) -> ResponseHead:
        """Read and return the head.

        Raises:
            LookError: the connection ended, or what came is not HTTP.
        """
        while self.parser.head is None:
            self._pending = await self._read(Step.GET, detail("ended", step=Step.GET, what=detail("closed")))
        return self.parser.head

    @property
    def head(self) -> ResponseHead:
        """The head that `read_head` has read."""
        assert self.parser.head is not None  # noqa: S101 # for the type checker: `Client.get` has read it
        return self.parser.head

    async def read(self) -> bytes:
        """Return the next piece of the body; empty at its end.

        Raises:
            LookError: the connection ended early, or the body is malformed.
        """
        while not self._pending and not self.parser.complete:
            self._pending = await self._read(Step.STREAM, detail("closed_in_answer"))
        piece, self._pending = self._pending, b""
        return piece

    async def peek(self, number: int) -> bytes:
        """Return the body's next bytes, at least that number unless it ends before, and leave them to be read.

        Raises:
            LookError: the body is malformed.
        """
        while len(self._pending) < number and not self.parser.complete:
            try:
                self._pending += await self._read(Step.STREAM, detail("closed_in_answer"))
            except LookError as error:
                if error.failure.kind is not Kind.CLOSED:
                    raise
                break  # whoever reads on meets it again
        return self._pending

    async def discard(self) -> None:
        """Read the rest of the body, up to `MAX_DISCARDED` bytes. Raises `LookError`."""
        discarded = 0
        while discarded < MAX_DISCARDED and (piece := await self.read()):
            discarded += len(piece)

    def spend(self, pieces: int, cpu_s: float) -> None:
        """Take from the camera's budget what working on the body took. Raises `LookError` if it is exceeded."""
        self.connection.spend(pieces=pieces, cpu_s=cpu_s)

    def _parse(self, data: bytes) -> bytes:
        begun, before = thread_time(), self.parser.pieces
        body = self.parser.feed(data)
        self.spend(self.parser.pieces - before, thread_time() - begun)
        return body

    async def _read(self, step: Step, ended: Detail) -> bytes:
        try:
            data = await self.connection.read()
            if data:
                return self._parse(data)
        except MalformedError as error:
            if step is Step.GET:
                raise LookError(Failure(step, Kind.WRONG_PROTOCOL, described("HTTP", error))) from None
            raise LookError(Failure(step, Kind.NO_MEDIA, error.detail)) from None
        except OSError as error:
            broke = detail("broke", said=error.strerror or error)
            raise LookError(Failure(step, Kind.CLOSED, broke, errno=error.errno)) from None
        if not self.parser.end():
            raise LookError(Failure(step, Kind.CLOSED, ended))
        return b""


class Client:
    """Requests one resource repeatedly, over one connection where the camera keeps it open.

    `step` is the current step. `connected` and `requested` are the times (monotonic, seconds) of the latest
    connection and the latest request. `trusted` says that the camera has accepted the same credentials before;
    `safeguards` say which login and which certificate are good enough. `cookies` are sent along from the
    beginning; a `budget` may be shared with other clients of the same camera.
    """

    def __init__(
        self,
        url: StreamUrl,
        credentials: Credentials | None,
        monotonic: Callable[[], float],
        *,
        trusted: bool,
        safeguards: Safeguards | None = None,
        cookies: str = "",
        budget: Budget | None = None,
    ) -> None:
        self.step = Step.RESOLVE
        self.connected = 0.0
        self.requested = 0.0
        self._url = url
        self._safeguards = safeguards or Safeguards()
        self._authenticator = Authenticator(credentials, self._safeguards, protocol="http")
        self._monotonic = monotonic
        self._trusted = trusted
        self._cookies = dict(pair.split("=", 1) for pair in cookies.split("; ") if pair)
        self._budget = budget or Budget()
        self._connection: HttpConnection | None = None
        self._last: StreamedResponse | None = None

    @property
    def accepted(self) -> bool:
        """True if the camera has accepted the password."""
        return self._authenticator.accepted

    @property
    def url(self) -> StreamUrl:
        """The URL that is requested now, after all redirects so far."""
        return self._url

    @property
    def cookies(self) -> str:
        """The cookies that the camera has set, as the value of a Cookie field; empty if there are none."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def may_turn_to(self, url: StreamUrl) -> bool:
        """Return whether the password may go to a URL: it is on the same host, and not out of TLS."""
        return url.host == self._url.host and url.scheme in {"https", self._url.scheme}

    async def turn_to(self, url: StreamUrl) -> None:
        """Request another resource of the same camera from now on."""
        if (url.scheme, url.port) != (self._url.scheme, self._url.port):
            await self.close()
        self._url = url
        self._authenticator.channel = self._channel

    async def get(self) -> StreamedResponse:
        """Return a response with a 2xx status, whose head has been read.

        Raises:
            LookError: the camera is not reached, or refuses.
        """
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._authenticated()
            head = response.head
            if 200 <= head.status < 300:
                return response
            if head.status not in _REDIRECTS:
                raise LookError(error_status(Step.GET, head.status, head.reason))
            await self._finish(response)
            await self._follow(head)
        raise LookError(Failure(Step.GET, Kind.STATUS, detail("redirects_on", count=MAX_REDIRECTS), status=302))

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection, self._last = self._connection, None, None
        if connection is not None:
            await connection.close()

    @property
    def _channel(self) -> Channel:
        encrypted = self._url.scheme == "https"
        return self._safeguards.channel(self._url.host, self._url.port, encrypted=encrypted)

    @property
    def _path(self) -> str:
        return self._url.path if self._url.path.startswith("/") else f"/{self._url.path}"

    async def _authenticated(self) -> StreamedResponse:
        """Send the request, log in if the camera asks for it, and return the response."""
        latest: StreamedResponse | None = None

        async def send(authorization: str | None) -> ResponseHead:
            nonlocal latest
            if latest is not None:
                await self._finish(latest)
            latest = await self._send(authorization)
            return latest.head

        head, refusal = await authenticate(self._authenticator.flow("GET", self._path), send)
        if refusal is not None:
            raise LookError(
                refused_login(
                    Step.GET, head.status, head.reason, refusal, self._authenticator, trusted=self._trusted
                )
            )
        assert latest is not None  # noqa: S101 # for the type checker: every login sends a request
        return latest

    async def _send(self, authorization: str | None) -> StreamedResponse:
        """Send one request and read the head of the response."""
        if self._last is not None and not self._last.parser.reusable:
            await self.close()
        kept = self._connection is not None
        try:
            return await self._exchange(authorization)
        except LookError as error:
            await self.close()
            # A connection that was kept may be closed by the camera at any moment (RFC 9112, section 9.3.1).
            if not kept or error.failure.kind is not Kind.CLOSED:
                raise
        if authorization is not None:  # the same one might be taken for a replay
            authorization = self._authenticator.authorization("GET", self._path)
        return await self._exchange(authorization)

    async def _exchange(self, authorization: str | None) -> StreamedResponse:
        if self._connection is None:
            self._connection = await connect(
                self._url, self._monotonic, self._set_step, self._budget, self._safeguards
            )
            self.connected = self._monotonic()
            self._authenticator.channel = self._channel
        self.step, self.requested = Step.GET, self._monotonic()
        try:
            cookie = [f"Cookie: {self.cookies}"] if self._cookies else []
            await self._connection.send(
                encode_request("GET", self._url, self._path, _ACCEPT, *cookie, authorization=authorization)
            )
        except OSError as error:
            broke = detail("ended", step=Step.GET, what=detail("broke", said=error.strerror or error))
            raise LookError(Failure(Step.GET, Kind.CLOSED, broke, errno=error.errno)) from None
        response = self._last = StreamedResponse(self._connection)
        self._keep_cookies(await response.read_head())
        return response

    def _keep_cookies(self, head: ResponseHead) -> None:
        """Keep the cookies that the camera sets (RFC 6265). All requests go to its host, so none is withheld."""
        for field in head.headers.all("Set-Cookie"):
            name, equals, value = field.partition(";")[0].partition("=")
            known = name.strip() in self._cookies
            fits = len(field) <= MAX_COOKIE and (known or len(self._cookies) < MAX_COOKIES)
            if equals and name.strip() and fits and field.isprintable() and field.isascii():
                self._cookies[name.strip()] = value.strip()

    def _set_step(self, step: Step) -> None:
        self.step = step

    async def _finish(self, response: StreamedResponse) -> None:
        """Make the connection ready for another request, or close it."""
        if not response.parser.until_close:  # such a body may never end
            with contextlib.suppress(LookError):
                await response.discard()
        if not response.parser.reusable:
            await self.close()

    async def _follow(self, head: ResponseHead) -> None:
        """Follow a redirect within the host, because the password is for this host only, and never out of TLS."""
        try:
            url = stream_url.parse(urljoin(self._url.without_credentials, head.headers.get("Location")))
        except ValueError as error:
            nowhere = detail("redirects_nowhere", problem=error)
            raise LookError(Failure(Step.GET, Kind.STATUS, nowhere, status=head.status)) from None
        if not self.may_turn_to(url):
            away = detail("redirects_away", before=self._url, url=url)
            raise LookError(Failure(Step.GET, Kind.STATUS, away, status=head.status))
        await self.turn_to(url)
