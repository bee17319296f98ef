"""ONVIF requests to one camera, logged in by the scheme that it asks for; a wrong password is sent once."""

import datetime as dt
import secrets
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pantau_agent.clock import Clock
from pantau_agent.onvif.clock import CameraClock, signing_offsets
from pantau_agent.onvif.envelope import Operation, envelope, read_response, username_token
from pantau_agent.onvif.errors import LoginRefusedError, NotOnvifError
from pantau_agent.onvif.post import WholeResponse, post
from pantau_agent.streams.authentication import Authenticator, LoginRefusal, authenticate
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.headers import Headers
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import Detail, detail

TIMEOUT_S = 5.0
"""Seconds to wait for one response; a busy camera takes a second or two."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A response as the HTTP login sees it: a refusal by SOAP has the status 401 too."""

    status: int
    headers: Headers
    answer: Element | None = None
    refused: LoginRefusedError | None = None


class Login:
    """One user's login at one camera. `camera_clock` is the camera's clock, to be set before anything is signed.

    Each request is first sent without a login: open cameras answer it, and the others say which scheme they want.
    HTTP Digest is preferred to the WS-UsernameToken, because it does not depend on clocks. Basic is never
    answered: anyone who answers a search could ask for a password that way.
    """

    def __init__(self, credentials: Credentials | None, clock: Clock, *, timeout_s: float = TIMEOUT_S) -> None:
        self.camera_clock = CameraClock()
        self._credentials = credentials
        self._clock = clock
        self._timeout_s = timeout_s
        self._authenticator = Authenticator(credentials, basic=False)
        self._by_token = False
        self._offset: dt.timedelta | None = None
        self._refused: LoginRefusedError | None = None

    @property
    def now(self) -> dt.datetime:
        """The time of our own clock."""
        return dt.datetime.fromtimestamp(self._clock.time_ms() / 1000, dt.UTC)

    async def request_openly(self, url: StreamUrl, operation: Operation) -> Element:
        """Return the answer to an operation that needs no login by the standard.

        Raises:
            LoginRefusedError: the camera wants a login all the same, and says so by SOAP or HTTP.
            OnvifError: it does not answer, or not by ONVIF.
        """
        response = await self._post(url, operation)
        return read_response(operation, response.status, response.content)

    async def request(self, url: StreamUrl, operation: Operation) -> Element:
        """Return the answer to an operation, logged in if the camera asks for it.

        Raises:
            OnvifError: the camera does not answer, or refuses. Credentials that it refused are not sent again.
        """
        if self._refused is not None:
            raise self._refused
        if not self._by_token:
            answer = await self._with_http_login(url, operation)
            if answer is not None:
                return answer
            self._by_token = True
        try:
            return await self._with_token(url, operation)
        except LoginRefusedError as error:
            self._refused = error
            raise

    async def _with_http_login(self, url: StreamUrl, operation: Operation) -> Element | None:
        """Return the answer, with Digest (RFC 7616) if the camera offers it; None if it wants another scheme."""

        async def send(authorization: str | None) -> _Reading:
            response = await self._post(url, operation, authorization=authorization)
            try:
                return _Reading(200, response.headers, answer=_read(operation, response))
            except LoginRefusedError as error:
                return _Reading(401, response.headers, refused=error)

        flow = self._authenticator.flow("POST", url.path or "/")
        reading, refusal = await authenticate(flow, send)
        if reading.refused is None:
            return reading.answer
        if refusal is LoginRefusal.NO_CREDENTIALS:
            raise LoginRefusedError(detail("asks", what=reading.refused.detail))
        if refusal is LoginRefusal.UNKNOWN_SCHEME and not self._authenticator.has_challenge:
            return None
        self._refused = LoginRefusedError(detail("refuses", what=reading.refused.detail))
        raise self._refused

    async def _with_token(self, url: StreamUrl, operation: Operation) -> Element:
        if self._offset is not None:
            return await self._signed(url, operation, self._offset)
        refusals: list[Detail] = []
        for offset in signing_offsets(self.camera_clock, self.now):
            try:
                answer = await self._signed(url, operation, offset)
            except LoginRefusedError as error:
                refusals.append(error.detail)
            else:
                self._offset = offset
                return answer
        raise LoginRefusedError(detail("refuses", what=refusals[0]))

    async def _signed(self, url: StreamUrl, operation: Operation, offset: dt.timedelta) -> Element:
        assert self._credentials is not None  # noqa: S101 # for the type checker: nothing is signed without them
        token = username_token(self._credentials, self.now + offset, secrets.token_bytes(16))
        response = await self._post(url, operation, security=token)
        return _read(operation, response)

    async def _post(
        self, url: StreamUrl, operation: Operation, *, security: str = "", authorization: str | None = None
    ) -> WholeResponse:
        return await post(
            url,
            envelope(operation, security),
            action=operation.action,
            authorization=authorization,
            monotonic=self._clock.monotonic,
            timeout_s=self._timeout_s,
        )


def _read(operation: Operation, response: WholeResponse) -> Element:
    """Return the answer as `read_response` does; a 401 is a refusal even if its body is a web server's page."""
    try:
        return read_response(operation, response.status, response.content)
    except NotOnvifError:
        if response.status != 401:
            raise
        raise LoginRefusedError(detail("answered", step=operation.name, answer=401)) from None
