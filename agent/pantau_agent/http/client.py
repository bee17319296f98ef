"""GET, authenticated as the camera asks, and redirected no further than the same host."""

import contextlib
from collections.abc import Callable
from urllib.parse import urljoin

from pantau_agent.http.connection import Connection, connect
from pantau_agent.http.octets import FormError
from pantau_agent.http.request import request
from pantau_agent.http.response import Head, ResponseParser
from pantau_agent.rtsp.dialogue import MAX_TRIES
from pantau_agent.streams import url as stream_url
from pantau_agent.streams.authentication import Answer, Authenticator
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.refusal import answered, printable, refused
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import Detail, detail

MAX_REDIRECTS = 3
MAX_PASSED_OVER = 64 << 10
"""Of the body of a refusal, so much is read to keep the connection."""
_ACCEPT = "Accept: multipart/x-mixed-replace, image/jpeg, */*;q=0.1"
_REDIRECTS = {301, 302, 303, 307, 308}


class Response:
    """An answer whose body is read as it comes."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.parser = ResponseParser()
        self._pending = b""

    async def begin(self) -> Head:
        """Reads the head. Raises `LookError`."""
        while self.parser.head is None:
            self._pending = await self._read(Step.GET, detail("ended", step=Step.GET, what=detail("closed")))
        return self.parser.head

    @property
    def head(self) -> Head:
        """What `begin` has read."""
        assert self.parser.head is not None  # noqa: S101 # for the type checker: nobody has one that has not begun
        return self.parser.head

    async def read(self) -> bytes:
        """The next piece of the body; empty at its end.

        Raises:
            LookError: it broke off, or is not of the form that it should have.
        """
        while not self._pending and not self.parser.complete:
            self._pending = await self._read(Step.STREAM, detail("closed_in_answer"))
        piece, self._pending = self._pending, b""
        return piece

    async def pass_over(self) -> None:
        """Reads the rest, as far as that is not much. Raises `LookError`."""
        passed = 0
        while passed < MAX_PASSED_OVER and (piece := await self.read()):
            passed += len(piece)

    async def _read(self, step: Step, ended: Detail) -> bytes:
        try:
            data = await self.connection.read()
            if data:
                return self.parser.feed(data)
        except FormError as error:
            kind = Kind.NOT_RTSP if step is Step.GET else Kind.NO_MEDIA
            raise LookError(Failure(step, kind, error.detail)) from None
        except OSError as error:
            broke = detail("broke", said=error.strerror or error)
            raise LookError(Failure(step, Kind.CLOSED, broke, errno=error.errno)) from None
        if not self.parser.end():
            raise LookError(Failure(step, Kind.CLOSED, ended))
        return b""


class Client:
    """Asks one camera for one thing, time and again, over one connection where it can be kept.

    `step` is the one under way; `connected` and `asked` are when it was connected, and asked, last; `accepted` is
    whether the password was taken.
    """

    def __init__(
        self, url: StreamUrl, credentials: Credentials | None, monotonic: Callable[[], float], *, trusted: bool
    ) -> None:
        self.step = Step.RESOLVE
        self.connected = 0.0
        self.asked = 0.0
        self.accepted = False
        self._url = url
        self._authenticator = Authenticator(credentials)
        self._monotonic = monotonic
        self._trusted = trusted
        self._connection: Connection | None = None
        self._last: Response | None = None

    async def get(self) -> Response:
        """The answer, with its head read: a 2xx.

        Raises:
            LookError: the camera is not reached, or refuses.
        """
        for _ in range(MAX_REDIRECTS + 1):
            response, head = await self._authenticated()
            if head.status not in _REDIRECTS:
                return _must_be_ok(response, head)
            await self._leave(response)
            await self._follow(head)
        raise LookError(Failure(Step.GET, Kind.STATUS, detail("redirects_on", count=MAX_REDIRECTS), status=302))

    async def close(self) -> None:
        """Closes the connection."""
        connection, self._connection, self._last = self._connection, None, None
        if connection is not None:
            await connection.close()

    async def _authenticated(self) -> tuple[Response, Head]:
        """The answer once the camera's challenge is met. A wrong password is sent once."""
        for attempt in range(1, MAX_TRIES + 1):
            response, head, proven = await self._ask()
            if head.status not in {401, 403}:
                self.accepted = self.accepted or (proven and head.status < 400)
                return response, head
            if head.status == 403:
                break
            # A nonce that was used up looks like a wrong password, but this password was taken a moment ago.
            tried = proven and not (self.accepted and attempt == 1)
            what = self._authenticator.challenged(head.headers.all("WWW-Authenticate"), tried=tried)
            if what is not Answer.TRY:
                raise LookError(self._refusal(head, what))
            await self._leave(response)
        raise LookError(self._refusal(head, Answer.REFUSED))

    async def _ask(self) -> tuple[Response, Head, bool]:
        """One request and the head of its answer; whether it carried the password, or a proof of it."""
        if self._last is not None and not self._last.parser.reusable:
            await self.close()
        kept = self._connection is not None
        try:
            return await self._exchange()
        except LookError as error:
            await self.close()
            # A connection that was kept may be closed by the camera at any moment (RFC 9112, section 9.3.1).
            if not kept or error.failure.kind is not Kind.CLOSED:
                raise
        return await self._exchange()

    async def _exchange(self) -> tuple[Response, Head, bool]:
        if self._connection is None:
            self._connection = await connect(self._url, self._monotonic, self._reached)
            self.connected = self._monotonic()
        self.step, self.asked = Step.GET, self._monotonic()
        path = self._url.path if self._url.path.startswith("/") else f"/{self._url.path}"
        authorization = self._authenticator.authorization("GET", path)
        try:
            await self._connection.send(request("GET", self._url, path, _ACCEPT, authorization=authorization))
        except OSError as error:
            broke = detail("ended", step=Step.GET, what=detail("broke", said=error.strerror or error))
            raise LookError(Failure(Step.GET, Kind.CLOSED, broke, errno=error.errno)) from None
        response = self._last = Response(self._connection)
        return response, await response.begin(), authorization is not None

    def _reached(self, step: Step) -> None:
        self.step = step

    async def _leave(self, response: Response) -> None:
        """Makes the connection ready for another request, or closes it."""
        with contextlib.suppress(LookError):
            await response.pass_over()
        if not response.parser.reusable:
            await self.close()

    async def _follow(self, head: Head) -> None:
        """A redirect. The password is for this host alone, and what TLS kept from listeners stays so."""
        before = self._url
        try:
            url = stream_url.parse(urljoin(before.without_credentials, head.headers.get("Location")))
        except ValueError as error:
            nowhere = detail("redirects_nowhere", problem=error)
            raise LookError(Failure(Step.GET, Kind.STATUS, nowhere, status=head.status)) from None
        if url.host != before.host or url.scheme not in {"https", before.scheme}:
            away = detail("redirects_away", before=before, url=url)
            raise LookError(Failure(Step.GET, Kind.STATUS, away, status=head.status))
        if (url.scheme, url.port) != (before.scheme, before.port):
            await self.close()
        self._url = url

    def _refusal(self, head: Head, answer: Answer) -> Failure:
        said = answered(Step.GET, head.status, head.reason)
        kind, how = (Kind.STATUS, said) if head.status == 403 else refused(said, self._authenticator, answer)
        return Failure(
            Step.GET,
            kind,
            how,
            status=head.status,
            reason=printable(head.reason),
            realm=self._authenticator.realm,
            trusted=self._trusted or self.accepted,
            trusted_now=self.accepted,
        )


def _must_be_ok(response: Response, head: Head) -> Response:
    if 200 <= head.status < 300:
        return response
    said = answered(Step.GET, head.status, head.reason)
    raise LookError(Failure(Step.GET, Kind.STATUS, said, status=head.status, reason=printable(head.reason)))
