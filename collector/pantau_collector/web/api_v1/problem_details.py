"""Makes problem details of every refusal below `/api/`, whoever refuses: the gate, the guard, or the router."""

from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pantau_collector.web.api_v1.problem import problem_response

_KEPT = ("allow", "connection", "retry-after", "www-authenticate", "set-cookie")
"""Headers of a refusal that say more than its text."""
_MOST = 2_000
"""Bytes of a refusal's text at most."""


class ProblemDetails:
    """ASGI middleware. A refusal in plain text becomes a problem with that text as its detail."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        refused: Message | None = None
        text = b""

        async def send_problem(message: Message) -> None:
            nonlocal refused, text
            if message["type"] == "http.response.start" and _is_plain_refusal(message):
                refused = message
                return
            if refused is None:
                await send(message)
                return
            text += message.get("body", b"")[:_MOST]
            if not message.get("more_body"):
                await _problem(refused, text, scope["path"])(scope, receive, send)

        await self._app(scope, receive, send_problem)


def _is_plain_refusal(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] >= HTTPStatus.BAD_REQUEST and kind.startswith("text/plain")


def _problem(refused: Message, text: bytes, path: str) -> ASGIApp:
    headers = MutableHeaders(raw=list(refused["headers"]))
    kept = {name: headers[name] for name in _KEPT if name in headers}
    if refused["status"] == HTTPStatus.UNAUTHORIZED:
        # A browser asks for a password where it sees `Basic`: only a calendar should.
        kept.setdefault("www-authenticate", f'{"Basic" if path.endswith(".ics") else "Bearer"} realm="pantau"')
    return problem_response(refused["status"], text.decode(errors="replace").strip(), headers=kept)
