"""Requests and their answers on one connection, authenticated as the camera asks."""

from collections.abc import Mapping

from pantau_agent.rtsp.connection import Connection
from pantau_agent.rtsp.messages import Response, encode_request
from pantau_agent.streams.authentication import Answer, Authenticator
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.refusal import answered, printable, refused
from pantau_contract.version import __version__

MAX_TRIES = 3
"""Of one request: bare, with the password, and once more for a stale nonce."""
_REFUSALS = {401, 403}


class Dialogue:
    """Asks one request at a time.

    `session` goes with each request once it is set. `accepted` tells that the camera has taken the password here;
    `trusted` that it has taken the same one before.
    """

    def __init__(self, connection: Connection, authenticator: Authenticator, *, trusted: bool) -> None:
        self.connection = connection
        self.session = ""
        self.accepted = False
        self._authenticator = authenticator
        self._trusted = trusted
        self._cseq = 0

    def send(self, method: str, uri: str, headers: Mapping[str, str] | None = None) -> bool:
        """Sends a request; whether it carries the password, or a proof of it."""
        self._cseq += 1
        fields = {"CSeq": str(self._cseq), "User-Agent": f"Pantau/{__version__}"}
        authorization = self._authenticator.authorization(method, uri)
        if authorization is not None:
            fields["Authorization"] = authorization
        if self.session:
            fields["Session"] = self.session
        self.connection.send(encode_request(method, uri, fields | dict(headers or {})))
        return authorization is not None

    async def answer(self, step: Step) -> Response:
        """The answer to what was sent last.

        Raises:
            LookError: the connection ended before it came.
        """
        return await self.connection.answer(self._cseq, step)

    async def ask(
        self, method: str, uri: str, headers: Mapping[str, str] | None = None, *, step: Step
    ) -> Response:
        """Asks, and answers the camera's challenge if it has one. A wrong password is sent once.

        Raises:
            LookError: the connection ended, or the camera refuses us.
        """
        for attempt in range(1, MAX_TRIES + 1):
            proven = self.send(method, uri, headers)
            response = await self.answer(step)
            if response.status not in _REFUSALS:
                self.accepted = self.accepted or (proven and response.status < 400)
                return response
            if response.status == 403:
                break
            # A nonce that was used up looks like a wrong password, but this password was taken a moment ago.
            tried = proven and not (self.accepted and attempt == 1)
            what = self._authenticator.challenged(response.headers.all("WWW-Authenticate"), tried=tried)
            if what is not Answer.TRY:
                raise LookError(self._refusal(step, response, what))
        raise LookError(self._refusal(step, response, Answer.REFUSED))

    def _refusal(self, step: Step, response: Response, answer: Answer) -> Failure:
        said = answered(step, response.status, response.reason)
        kind, how = (Kind.STATUS, said) if response.status == 403 else refused(said, self._authenticator, answer)
        return Failure(
            step,
            kind,
            how,
            status=response.status,
            reason=printable(response.reason),
            realm=self._authenticator.realm,
            trusted=self._trusted or self.accepted,
            trusted_now=self.accepted,
        )


def must_be_ok(step: Step, response: Response) -> Response:
    """The response, if it says that all is well.

    Raises:
        LookError: it does not.
    """
    if 200 <= response.status < 300:
        return response
    said = answered(step, response.status, response.reason)
    raise LookError(Failure(step, Kind.STATUS, said, status=response.status, reason=printable(response.reason)))
