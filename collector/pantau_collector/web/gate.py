"""What every request passes before it reaches a page: is it ours, from our own pages, not too often; who asks."""

import asyncio
import re
import time
from http import HTTPStatus
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pantau_collector.access.secret_text import has_secret
from pantau_collector.accounts.recognition import Recognition
from pantau_collector.store import StoreError
from pantau_collector.web.access import AccessRules, Caller
from pantau_collector.web.callers import Callers
from pantau_collector.web.guard import MAX_BODY, refusal
from pantau_collector.web.rate_limit import Rate, RateLimit

API_RATE = Rate(burst=240, per_s=40)
"""Requests for the API and the metrics of one address that has not signed in."""
PAGE_RATE = Rate(burst=600, per_s=100)
"""Requests of one address for anything else: a wall of 60 pictures asks for all of them at once."""
SIGN_IN_RATE = Rate(burst=10, per_s=1 / 6)
"""Attempts of one address to sign in."""
_LINGER_S = 0.5
"""Seconds after which a request that is one too many is answered, so that its sender slows down."""
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_SAFE = frozenset({"GET", "HEAD"})
_SIGN_IN = frozenset({"/sign-in", "/sign-in/code"})
_TOKEN_PARAMETER = re.compile(r"(?:^|[&;?])(?:access_token|api_key|apikey|auth_token|token)=", re.IGNORECASE)
_NOT_LINKED = ("/api/", "/board", "/metrics", "/pictures/")
"""What is no page, so that other sites have no reason to link to it."""


def caller_of(request: Request) -> Caller:
    """Return who asks."""
    caller: Caller = request.state.caller
    return caller


class Gate:
    """ASGI middleware: refuses what is not for us, and notes who asks in `request.state.caller`."""

    def __init__(
        self,
        app: ASGIApp,
        rules: AccessRules,
        recognition: Recognition | None = None,
        max_body: int = MAX_BODY,
    ) -> None:
        self._app = app
        self._max_body = max_body
        self._rules = rules
        self._callers = Callers(rules, recognition)
        self._pages, self._api, self._sign_in = RateLimit(PAGE_RATE), RateLimit(API_RATE), RateLimit(SIGN_IN_RATE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            return
        headers, peer = Headers(scope=scope), (scope["client"] or ("",))[0]
        secure = self._rules.is_secure(peer, scope.get("scheme", "http"), headers)
        refused = self._refusal(scope, headers, self._rules.address(peer, headers))
        if refused is None:
            try:
                caller = await self._callers.find(peer, headers, secure=secure)
            except StoreError:
                refused = refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the state cannot be read now: try again")
            else:
                refused = self._refusal_of_stranger(scope, caller)
        if refused is not None:
            if refused.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                await asyncio.sleep(_LINGER_S)
            await refused(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["caller"], state["secure"] = caller, secure
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers, address: str) -> Response | None:
        method, path = scope["method"], scope["path"]
        if _is_foreign(method, path, headers) or not self._is_own_origin(method, headers):
            return refusal(HTTPStatus.FORBIDDEN, "another site may link to this one, and not use it")
        if not self._rules.is_own_host(headers.get("host", ""), (scope.get("server") or ("",))[0]):
            return refusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                "this server has another name: see web.public_url, web.allowed_hosts",
            )
        refused = _refusal_of_form(scope, headers, self._max_body)
        if refused is None and not self._limit_of(method, path).admit(address, time.monotonic()):
            return _too_often()
        return refused

    def _refusal_of_stranger(self, scope: Scope, caller: Caller) -> Response | None:
        """Return what answers one who has not signed in and asks for the API too often."""
        path = scope["path"]
        if caller.principal is not None or not (path.startswith("/api/") or path == "/metrics"):
            return None
        return None if self._api.admit(caller.address, time.monotonic()) else _too_often()

    def _is_own_origin(self, method: str, headers: Headers) -> bool:
        origin = headers.get("origin", "null")
        if method in _SAFE or origin == "null":
            return True
        sender = origin.partition("://")[2]
        return self._rules.is_own_host(sender, "") or sender == headers.get("host")

    def _limit_of(self, method: str, path: str) -> RateLimit:
        return self._sign_in if method == "POST" and path in _SIGN_IN else self._pages


def _refusal_of_form(scope: Scope, headers: Headers, max_body: int) -> Response | None:
    """Return what answers a request that nobody may make: its method, its size, a token in its address."""
    method = scope["method"]
    if method not in _METHODS:
        return refusal(HTTPStatus.METHOD_NOT_ALLOWED, "expected GET or HEAD", Allow=", ".join(_METHODS))
    if method in _WITH_BODY and "transfer-encoding" in headers:
        return refusal(HTTPStatus.LENGTH_REQUIRED, "expected a Content-Length", Connection="close")
    if _has_large_body(method, headers, max_body):
        return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "expected a shorter request", Connection="close")
    if _has_token(scope):
        return refusal(
            HTTPStatus.BAD_REQUEST,
            "others see a token in an address: revoke it, and send the next one as `Authorization: Bearer`",
        )
    return None


def _too_often() -> Response:
    return refusal(HTTPStatus.TOO_MANY_REQUESTS, "this address asks too often", **{"Retry-After": "1"})


def _has_token(scope: Scope) -> bool:
    """Return True if the address of a request holds a token, or a parameter that should."""
    query = unquote(scope.get("query_string", b"").decode("latin-1"))
    return has_secret(scope["path"]) or has_secret(query) or _TOKEN_PARAMETER.search(query) is not None


def _is_foreign(method: str, path: str, headers: Headers) -> bool:
    """Return True for a request that a page of another site makes, except for links that people follow."""
    if headers.get("sec-fetch-site") != "cross-site":
        return False
    is_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (is_link and method in ("GET", "HEAD") and not path.startswith(_NOT_LINKED))


def _has_large_body(method: str, headers: Headers, max_body: int) -> bool:
    length = headers.get("content-length", "0")
    if method not in _WITH_BODY:
        return length != "0" or "transfer-encoding" in headers
    return not length.isdigit() or int(length) > max_body
