"""Asking one camera, logged in as it wants: a wrong password is sent once."""

import datetime as dt
import secrets
from collections.abc import Iterable
from enum import Enum, auto
from xml.etree.ElementTree import Element

from pantau_agent.clock import Clock
from pantau_agent.onvif.clock import CameraClock, signing_offsets
from pantau_agent.onvif.envelope import Operation, envelope, response, username_token
from pantau_agent.onvif.errors import NotOnvifError, RefusedError
from pantau_agent.onvif.post import Answer, post
from pantau_agent.streams import authentication as auth
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import Detail, detail

TIMEOUT_S = 5.0
"""For one answer; a busy camera takes a second or two."""


class _Manner(Enum):
    """How the camera wants to be told who asks."""

    UNKNOWN = auto()
    DIGEST = auto()
    TOKEN = auto()


class Login:
    """One user at one camera. `clock_told` is what the camera said of its clock, before anything is signed.

    Each question is first asked without a login: open cameras answer, and the others say how they want it. HTTP
    Digest goes before the WS-UsernameToken, for it needs no right clock. Basic is never answered: whoever answers
    a search could ask for a password so.
    """

    def __init__(self, credentials: Credentials | None, clock: Clock, *, timeout_s: float = TIMEOUT_S) -> None:
        self.clock_told = CameraClock()
        self._credentials = credentials
        self._clock = clock
        self._timeout_s = timeout_s
        self._manner = _Manner.UNKNOWN
        self._digest = auth.Authenticator(credentials)
        self._accepted = False
        self._offset: dt.timedelta | None = None
        self._refused: RefusedError | None = None

    @property
    def now(self) -> dt.datetime:
        """Our clock."""
        return dt.datetime.fromtimestamp(self._clock.time_ms() / 1000, dt.UTC)

    async def ask_openly(self, url: StreamUrl, operation: Operation) -> Element:
        """Asks what needs no login, by the standard; `RefusedError` is raised only if it says so by SOAP.

        Raises:
            OnvifError: it does not answer, or not so.
        """
        answer = await self._post(url, operation)
        return response(operation, answer.status, answer.content)

    async def ask(self, url: StreamUrl, operation: Operation) -> Element:
        """Asks, logged in where the camera wants it.

        Raises:
            OnvifError: it does not answer, or refuses. What it refused once is not sent again.
        """
        if self._refused is not None:
            raise self._refused
        if self._manner is _Manner.UNKNOWN:
            answer = await self._post(url, operation)
            try:
                return _read(operation, answer)
            except RefusedError as error:
                if self._credentials is None:
                    raise RefusedError(detail("asks", what=error.detail)) from None
                self._manner = self._wanted(answer.headers.all("WWW-Authenticate"))
        try:
            if self._manner is _Manner.DIGEST:
                return await self._with_digest(url, operation)
            return await self._with_token(url, operation)
        except RefusedError as error:
            self._refused = error
            raise

    def _wanted(self, headers: Iterable[str]) -> _Manner:
        offered = list(headers)
        challenges = auth.parse_challenges(offered)
        if not any(challenge.scheme == "digest" and challenge.strength for challenge in challenges):
            return _Manner.TOKEN
        self._digest.challenged(offered, tried=False)
        return _Manner.DIGEST

    async def _with_digest(self, url: StreamUrl, operation: Operation) -> Element:
        """RFC 7616. A nonce that was used up is no refusal, once; some cameras tell it by a new one only."""
        for last in (False, True):
            authorization = self._digest.authorization("POST", url.path or "/")
            answer = await self._post(url, operation, authorization=authorization)
            try:
                told = _read(operation, answer)
            except RefusedError as error:
                challenge = answer.headers.all("WWW-Authenticate")
                tried = not self._accepted
                if not last and self._digest.challenged(challenge, tried=tried) is auth.Answer.TRY:
                    continue
                raise RefusedError(detail("refuses", what=error.detail)) from None
            self._accepted = True
            return told
        raise AssertionError("unreachable")  # pragma: no cover

    async def _with_token(self, url: StreamUrl, operation: Operation) -> Element:
        if self._offset is not None:
            return await self._signed(url, operation, self._offset)
        refusals: list[Detail] = []
        for offset in signing_offsets(self.clock_told, self.now):
            try:
                answer = await self._signed(url, operation, offset)
            except RefusedError as error:
                refusals.append(error.detail)
            else:
                self._offset = offset
                return answer
        raise RefusedError(detail("refuses", what=refusals[0]))

    async def _signed(self, url: StreamUrl, operation: Operation, offset: dt.timedelta) -> Element:
        assert self._credentials is not None  # noqa: S101 # for the type checker: without, nothing is signed
        token = username_token(self._credentials, self.now + offset, secrets.token_bytes(16))
        answer = await self._post(url, operation, security=token)
        return _read(operation, answer)

    async def _post(
        self, url: StreamUrl, operation: Operation, *, security: str = "", authorization: str | None = None
    ) -> Answer:
        return await post(
            url,
            envelope(operation, security),
            action=operation.action,
            authorization=authorization,
            monotonic=self._clock.monotonic,
            timeout_s=self._timeout_s,
        )


def _read(operation: Operation, answer: Answer) -> Element:
    """As `response`; a 401 is a refusal whatever comes with it, as the page of a web server."""
    try:
        return response(operation, answer.status, answer.content)
    except NotOnvifError:
        if answer.status != 401:
            raise
        raise RefusedError(detail("answered", step=operation.name, answer=401)) from None
