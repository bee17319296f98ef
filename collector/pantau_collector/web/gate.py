"""What every request passes before it reaches a page: is it ours, from our own pages, not too often; who asks."""

import asyncio
import time
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pantau_collector.web.access import Access, AccessRules, Caller
from pantau_collector.web.guard import MAX_BODY, Endpoint, refusal
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
_NOT_LINKED = ("/api/", "/board", "/metrics", "/pictures/")
"""What is no page, so that other sites have no reason to link to it."""


def caller_of(request: Request) -> Caller:
    """Return who asks."""
    caller: Caller = request.state.caller
    return caller


def needs(access: Access, endpoint: Endpoint) -> Endpoint:
    """Return the endpoint for those who may see so much; others are asked to sign in, or refused."""

    async def checked(request: Request) -> Response:
        if caller_of(request).access >= access:
            return await endpoint(request)
        if request.app.state.can_sign_in and request.url.path == "/":
            return RedirectResponse("sign-in", HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})
        return refusal(HTTPStatus.UNAUTHORIZED, "sign in first")

    return checked


class Gate:
    """ASGI middleware: refuses what is not for us, and notes who asks in `request.state.caller`."""

    def __init__(self, app: ASGIApp, rules: AccessRules, max_body: int = MAX_BODY) -> None:
        self._app = app
        self._max_body = max_body
        self._rules = rules
        self._pages, self._api, self._sign_in = RateLimit(PAGE_RATE), RateLimit(API_RATE), RateLimit(SIGN_IN_RATE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            return
        headers, path = Headers(scope=scope), scope["path"]
        caller = self._rules.caller((scope["client"] or ("",))[0], headers, time.time())
        refused = self._refusal(scope, headers, caller)
        if refused is not None:
            if refused.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                await asyncio.sleep(_LINGER_S)
            await refused(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        if caller.renew and path in ("/", "/board"):
            send = _with_cookie(send, self._rules.cookie(headers.get("host", ""), time.time()))
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers, caller: Caller) -> Response | None:
        method, path = scope["method"], scope["path"]
        if _is_foreign(method, path, headers):
            return refusal(HTTPStatus.FORBIDDEN, "another site may link to this one, and not use it")
        if not self._rules.is_own_host(headers.get("host", ""), (scope.get("server") or ("",))[0]):
            return refusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                "this server has another name: see web.public_url, web.allowed_hosts",
            )
        if method not in _METHODS:
            return refusal(HTTPStatus.METHOD_NOT_ALLOWED, "expected GET or HEAD", Allow=", ".join(_METHODS))
        if _has_large_body(method, headers, self._max_body):
            return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "expected a shorter request", Connection="close")
        if not self._limit_of(method, path, caller.access).admit(caller.address, time.monotonic()):
            return refusal(HTTPStatus.TOO_MANY_REQUESTS, "this address asks too often", **{"Retry-After": "1"})
        return None

    def _limit_of(self, method: str, path: str, access: Access) -> RateLimit:
        if path == "/sign-in" and method == "POST":
            return self._sign_in
        is_api = path.startswith("/api/") or path == "/metrics"
        return self._api if is_api and access is not Access.SIGNED_IN else self._pages


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
    return not length.isdigit() or int(length) > max_body or "transfer-encoding" in headers


def _with_cookie(send: Send, cookie: str) -> Send:
    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return send_with_cookie
