"""ONVIF requests to one camera, logged in by the scheme that it asks for; a wrong password is sent once."""

import asyncio
import datetime as dt
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pantau_agent.clock import Clock
from pantau_agent.onvif.addresses import moved_url
from pantau_agent.onvif.clock import CameraClock, signing_offsets
from pantau_agent.onvif.envelope import Operation, envelope, read_response, username_token
from pantau_agent.onvif.errors import (
    ClosedError,
    LoginRefusedError,
    NotOnvifError,
    OnvifError,
    SoapFaultError,
    UnreachableError,
    UnsupportedError,
)
from pantau_agent.onvif.post import WholeResponse, post
from pantau_agent.streams.authentication import Authenticator, LoginRefusal, authenticate
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.headers import Headers
from pantau_agent.streams.safeguards import Safeguards
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import detail

TIMEOUT_S = 5.0
"""Seconds to wait for one response; a busy camera takes a second or two."""
REPEAT_AFTER_S = 0.3
"""Seconds before a request is repeated that was dropped unanswered."""
MAX_REDIRECTS = 3
"""Most redirects of one request."""
MAX_UNANSWERED_PROOFS = 3
"""Proofs of a password that may stay unanswered until the camera has accepted one: each may be a refusal.

One operation takes two of them at most, so that a camera that fails at one operation still gets the next one.
Accounts are locked after five wrong passwords or more.
"""
_OPEN_OPERATIONS = {"GetServices", "GetCapabilities"}
"""Operations that need no login by the standard (Core Specification): their success says nothing about a login."""
_MOVED = {301, 302, 303, 307, 308}
_BUSY = {502, 503, 504}
_MAX_ATTEMPTS = 4
"""Most attempts of one request: one, one more as it was dropped, and one for each form that the camera wants."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A response as the HTTP login sees it: a refusal by SOAP has the status 401 too."""

    status: int
    headers: Headers
    answer: Element | None = None
    refused: LoginRefusedError | None = None


class _MovedError(Exception):
    """The camera sends the request to another address of its own."""

    def __init__(self, url: StreamUrl) -> None:
        super().__init__()
        self.url = url


class Login:
    """One user's login at one camera. `camera_clock` is the camera's clock, to be set before anything is signed.

    Each request is first sent without a login: open cameras answer it, and the others say which scheme they want.
    HTTP Digest is preferred to the WS-UsernameToken, because it does not depend on clocks. Basic is never
    answered: anyone who answers a search could ask for a password that way.

    Every operation here only reads, so that a request that was dropped unanswered is sent once more. Redirects
    are followed, to the same host only and never out of TLS. `speaks_soap` is true once the camera has answered
    by SOAP; `recognised` also if it asked for a login, or redirects to an address of its own that is not
    reached.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        clock: Clock,
        *,
        timeout_s: float = TIMEOUT_S,
        safeguards: Safeguards | None = None,
    ) -> None:
        self.camera_clock = CameraClock()
        self.recognised = False
        self.speaks_soap = False
        self._credentials = credentials
        self._clock = clock
        self._timeout_s = timeout_s
        self._safeguards = safeguards
        self._authenticator = Authenticator(credentials, basic=False)
        self._by_token = False
        self._token_accepted = False
        self._offset: dt.timedelta | None = None
        self._refused: LoginRefusedError | None = None
        self._unanswered_proofs = 0
        self._proofs_in_vain: ClosedError | None = None
        self._answers_openly = False
        self._has_responded = False
        self._moved: dict[StreamUrl, StreamUrl] = {}
        self._soap_1_1 = False
        self._must_understand = True

    @property
    def now(self) -> dt.datetime:
        """The time of our own clock."""
        return dt.datetime.fromtimestamp(self._clock.time_ms() / 1000, dt.UTC)

    def located(self, url: StreamUrl) -> StreamUrl:
        """Return the address to which the camera has redirected requests for this one; unchanged if to none."""
        for _ in range(MAX_REDIRECTS):
            url = self._moved.get(url, url)
        return url

    async def request_openly(self, url: StreamUrl, operation: Operation) -> Element:
        """Return the answer to an operation that needs no login by the standard.

        Raises:
            LoginRefusedError: the camera wants a login all the same, and says so by SOAP or HTTP.
            OnvifError: it does not answer, or not by ONVIF.
        """
        return await self._redirected(url, operation, self._without_login)

    async def request(self, url: StreamUrl, operation: Operation) -> Element:
        """Return the answer to an operation, logged in if the camera asks for it.

        Raises:
            OnvifError: the camera does not answer, or refuses. Credentials that it refused are not sent again.
        """
        if self._refused is not None:
            raise self._refused
        return await self._redirected(url, operation, self._with_login)

    async def _redirected(
        self, url: StreamUrl, operation: Operation, send: Callable[[StreamUrl, Operation], Awaitable[Element]]
    ) -> Element:
        """Send the request to where the camera redirects it."""
        for _ in range(MAX_REDIRECTS + 1):
            target = self.located(url)
            try:
                return await send(target, operation)
            except _MovedError as moved:
                self._moved[target] = moved.url
            except UnreachableError as error:
                if target == url:
                    raise
                self.recognised = True
                raise UnreachableError(
                    detail("moved", address=target.without_credentials, what=error.detail)
                ) from None
        raise NotOnvifError(detail("moved_often", operation=operation.name))

    async def _without_login(self, url: StreamUrl, operation: Operation) -> Element:
        return self._read(operation, await self._post(url, operation))

    async def _with_login(self, url: StreamUrl, operation: Operation) -> Element:
        if not self._by_token:
            try:
                answer = await self._with_http_login(url, operation)
            except UnsupportedError:
                raise
            except (SoapFaultError, NotOnvifError, ClosedError) as error:
                if not self._may_want_token:
                    raise
                return await self._with_unasked_token(url, operation, error)
            if answer is not None:
                if operation.name not in _OPEN_OPERATIONS and not self._authenticator.has_challenge:
                    self._answers_openly = True
                return answer
            self._by_token = True
        return await self._with_token(url, operation)

    @property
    def _may_want_token(self) -> bool:
        """True if any failure may mean that the camera wants a token: some fail instead of asking for it."""
        return (
            self.speaks_soap
            and self._credentials is not None
            and not self._answers_openly
            and not self._authenticator.has_challenge
        )

    async def _with_unasked_token(self, url: StreamUrl, operation: Operation, answer: OnvifError) -> Element:
        """Try the request with a token, because `answer` may mean that; raise `answer` if it did not."""
        try:
            element = await self._with_token(url, operation)
        except LoginRefusedError:
            raise
        except OnvifError:
            self._answers_openly = True
            raise answer from None
        self._by_token = True
        return element

    async def _with_http_login(self, url: StreamUrl, operation: Operation) -> Element | None:
        """Return the answer, with Digest (RFC 7616) if the camera offers it; None if it wants another scheme."""

        async def send(authorization: str | None) -> _Reading:
            response = await self._post(url, operation, authorization=authorization)
            try:
                return _Reading(200, response.headers, answer=self._read(operation, response))
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
        raise self._refusal(reading.refused, accepted=self._authenticator.accepted)

    async def _with_token(self, url: StreamUrl, operation: Operation) -> Element:
        known = self._offset
        offsets = [known] if known is not None else signing_offsets(self.camera_clock, self.now)
        refusals: list[LoginRefusedError] = []
        for offset in offsets:
            try:
                answer = await self._signed(url, operation, offset)
            except LoginRefusedError as error:
                refusals.append(error)
            else:
                if operation.name not in _OPEN_OPERATIONS:
                    self._offset = offset
                    self._token_accepted = True
                return answer
        raise self._refusal(refusals[0], accepted=self._token_accepted)

    def _refusal(self, refused: LoginRefusedError, *, accepted: bool) -> LoginRefusedError:
        """Return the error to raise, and keep it unless the login is `accepted` for other operations.

        A user may lack the right to one operation, and has it to others.
        """
        error = LoginRefusedError(detail("refuses", what=refused.detail))
        if not accepted:
            self._refused = error
        return error

    async def _signed(self, url: StreamUrl, operation: Operation, offset: dt.timedelta) -> Element:
        return self._read(operation, await self._post(url, operation, offset=offset))

    async def _post(
        self,
        url: StreamUrl,
        operation: Operation,
        *,
        offset: dt.timedelta | None = None,
        authorization: str | None = None,
    ) -> WholeResponse:
        """Send the request and return the response; once more if it was dropped, or is wanted in another form.

        `offset` is what to add to our time for the signature of a token; None for a request without a token.
        """
        has_proof = offset is not None or authorization is not None
        repeated = False
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            if self._proofs_in_vain is not None and has_proof:
                raise self._proofs_in_vain
            try:
                response = await self._post_once(url, operation, offset, authorization)
            except (ClosedError, UnreachableError) as error:
                if has_proof and isinstance(error, ClosedError):
                    self._count_unanswered_proof(error)
                if repeated or (isinstance(error, UnreachableError) and not self._has_responded):
                    raise
                repeated = True
                await asyncio.sleep(REPEAT_AFTER_S)
                continue
            self._has_responded = True
            if response.status in _MOVED:
                target = moved_url(response.headers.get("Location"), url)
                if target is not None and target != url:
                    raise _MovedError(target)
            if attempt < _MAX_ATTEMPTS and self._learns_form(response, signed=offset is not None):
                continue
            if repeated or not _is_dropped(response):
                return response
            repeated = True
            await asyncio.sleep(REPEAT_AFTER_S)
        return response

    def _count_unanswered_proof(self, error: ClosedError) -> None:
        if self._token_accepted or self._authenticator.accepted:
            return
        self._unanswered_proofs += 1
        if self._unanswered_proofs >= MAX_UNANSWERED_PROOFS:
            self._proofs_in_vain = error

    def _learns_form(self, response: WholeResponse, *, signed: bool) -> bool:
        """Return whether the response asks for another form of the request, which later requests have too."""
        start = response.content[:16_384].lower()
        if not self._soap_1_1 and (response.status == 415 or b"versionmismatch" in start):
            self._soap_1_1 = True
            return True
        if signed and self._must_understand and (b"mustunderstand<" in start or b"must be understood" in start):
            self._must_understand = False
            return True
        return False

    async def _post_once(
        self, url: StreamUrl, operation: Operation, offset: dt.timedelta | None, authorization: str | None
    ) -> WholeResponse:
        security = ""
        if offset is not None:
            assert self._credentials is not None  # noqa: S101 # for the type checker: nothing is signed without
            created, nonce = self.now + offset, secrets.token_bytes(16)
            security = username_token(self._credentials, created, nonce, must_understand=self._must_understand)
        return await post(
            url,
            envelope(operation, security, soap_1_1=self._soap_1_1),
            action=operation.action,
            authorization=authorization,
            monotonic=self._clock.monotonic,
            timeout_s=self._timeout_s,
            safeguards=self._safeguards,
            soap_1_1=self._soap_1_1,
        )

    def _read(self, operation: Operation, response: WholeResponse) -> Element:
        """Return the answer as `read_response` does; a 401 is a refusal even if its body is a web page."""
        try:
            answer = read_response(operation, response.status, response.content)
        except NotOnvifError:
            if response.status != 401:
                raise
            self.recognised = True
            raise LoginRefusedError(detail("answered", step=operation.name, answer=401)) from None
        except OnvifError:
            self.recognised = self.speaks_soap = True
            raise
        self.recognised = self.speaks_soap = True
        return answer


def _is_dropped(response: WholeResponse) -> bool:
    """Return whether the camera answered nothing: a busy web server, or a success without content."""
    return response.status in _BUSY or (response.status == 200 and not response.content.strip())
