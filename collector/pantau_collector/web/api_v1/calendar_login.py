"""Takes an API token that a calendar sends as the password of HTTP Basic, for its feed and nothing else.

A browser sends such a password by itself to every address of a server, and so would any page that it shows: what
changes something must not be had by it.
"""

import base64
import binascii

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send


class CalendarLogin:
    """ASGI middleware: at one path, `Authorization: Basic` is read as `Bearer` with the password as the token."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and scope["path"] == self._path:
            token = _password(Headers(scope=scope).get("authorization", ""))
            if token is not None:
                scope = {**scope, "headers": list(scope["headers"])}
                MutableHeaders(scope=scope)["authorization"] = f"Bearer {token}"
        await self._app(scope, receive, send)


def _password(authorization: str) -> str | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        _, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return password if password.isascii() and password.isprintable() else None
