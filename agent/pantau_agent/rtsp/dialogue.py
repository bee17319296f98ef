"""Requests and their responses on one connection, with the login that the camera asks for."""

from collections.abc import Mapping

from pantau_agent.rtsp.connection import RtspConnection
from pantau_agent.rtsp.messages import RtspResponse, encode_request
from pantau_agent.streams.authentication import Authenticator, authenticate
from pantau_agent.streams.failure import LookError, Step
from pantau_agent.streams.refusal import error_status, refused_login
from pantau_contract.version import __version__


class Dialogue:
    """Sends one request at a time. `session` goes with each request once it is set.

    `trusted` says that the camera has accepted the same credentials in an earlier session.
    """

    def __init__(self, connection: RtspConnection, authenticator: Authenticator, *, trusted: bool) -> None:
        self.connection = connection
        self.session = ""
        self._authenticator = authenticator
        self._trusted = trusted
        self._cseq = 0

    def send(self, method: str, uri: str, headers: Mapping[str, str] | None = None) -> None:
        """Send a request, with an authorization once the camera has asked for one."""
        self._send(method, uri, headers, self._authenticator.authorization(method, uri))

    async def response(self, step: Step) -> RtspResponse:
        """Wait for the response to the latest request.

        Raises:
            LookError: the connection ended before it came.
        """
        return await self.connection.response(self._cseq, step)

    async def request(
        self, method: str, uri: str, headers: Mapping[str, str] | None = None, *, step: Step
    ) -> RtspResponse:
        """Send a request, log in if the camera asks for it, and return the response.

        Raises:
            LookError: the connection ended, or the camera refuses the login.
        """

        async def send(authorization: str | None) -> RtspResponse:
            self._send(method, uri, headers, authorization)
            return await self.response(step)

        response, refusal = await authenticate(self._authenticator.flow(method, uri), send)
        if refusal is not None:
            raise LookError(
                refused_login(
                    step, response.status, response.reason, refusal, self._authenticator, trusted=self._trusted
                )
            )
        return response

    def _send(self, method: str, uri: str, headers: Mapping[str, str] | None, authorization: str | None) -> None:
        self._cseq += 1
        fields = {"CSeq": str(self._cseq), "User-Agent": f"Pantau/{__version__}"}
        if authorization is not None:
            fields["Authorization"] = authorization
        if self.session:
            fields["Session"] = self.session
        self.connection.send(encode_request(method, uri, fields | dict(headers or {})))


def must_be_ok(step: Step, response: RtspResponse) -> RtspResponse:
    """Return the response if its status is a success.

    Raises:
        LookError: it is not.
    """
    if 200 <= response.status < 300:
        return response
    raise LookError(error_status(step, response.status, response.reason))
