"""`/sign-in/provider`: to the city's own provider, and back from there with a code."""

import base64
import hashlib
import hmac
import logging
import secrets
import time
from http import HTTPStatus

import msgspec
from anyio import CapacityLimiter, WouldBlock, to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pantau_collector.access.account import AccountError
from pantau_collector.accounts.accounts import Accounts
from pantau_collector.accounts.provided import sign_in_provided
from pantau_collector.accounts.provider import Flow, Provider, ProviderError
from pantau_collector.accounts.provider_config import ProviderConfig
from pantau_collector.accounts.sign_in import SignedIn
from pantau_collector.config import Web
from pantau_collector.store import StoreError
from pantau_collector.web.cookies import PROVIDER, read_cookie, set_cookie
from pantau_collector.web.guard import GuardedRoute, open_to_all
from pantau_collector.web.sign_in import SignInPages, own_path, signed_in, visitor_of

_WITHIN_S = 600
"""Seconds within which somebody must have signed in at the provider."""
_AT_ONCE = 4
"""Exchanges with the provider at once: a slow one does not hold up the other pages."""
_MAX_WAITING = 16
_MAX_CODE = 4096
_log = logging.getLogger(__name__)


class ProviderPages:
    """Serves the way to the provider and back. A signed cookie holds what must come back, so nothing is kept."""

    def __init__(self, accounts: Accounts, config: ProviderConfig, web: Web, form: SignInPages) -> None:
        self._accounts = accounts
        self._config = config
        self._provider = Provider(config)
        self._back = f"{(web.public_url or web.local_url).rstrip('/')}/sign-in/provider/back"
        self._form = form
        self._turns = CapacityLimiter(_AT_ONCE)

    def routes(self) -> list[GuardedRoute]:
        """Return the routes."""
        return [open_to_all("/sign-in/provider", self.leave), open_to_all("/sign-in/provider/back", self.back)]

    async def leave(self, request: Request) -> Response:
        """Serve `/sign-in/provider`: lead the browser to the provider."""
        flow = Flow(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            to=own_path(request.query_params.get("to", "")),
            ends_s=int(time.time()) + _WITHIN_S,
        )
        if self._turns.statistics().tasks_waiting >= _MAX_WAITING:
            return self._form.form(request, HTTPStatus.SERVICE_UNAVAILABLE, wrong="busy")
        try:
            url = await to_thread.run_sync(self._provider.authorization_url, flow, self._back, limiter=self._turns)
        except ProviderError as error:
            return self._failed(request, error)
        cookie = set_cookie(PROVIDER, self._signed(flow), secure=request.state.secure, lasts_s=_WITHIN_S)
        headers = {"Set-Cookie": cookie, "Cache-Control": "no-store"}
        return RedirectResponse(url, HTTPStatus.SEE_OTHER, headers=headers)

    async def back(self, request: Request) -> Response:
        """Serve `/sign-in/provider/back`: whom the provider sends back, with a code."""
        cookie = read_cookie(request.headers.get("cookie", ""), PROVIDER, secure=request.state.secure)
        flow, code = self._flow(cookie), request.query_params.get("code", "")
        state = request.query_params.get("state", "")
        if flow is None or not hmac.compare_digest(state.encode(), flow.state.encode()):
            return self._refused(request, "the answer is not one to this browser's request, or came too late")
        if not 0 < len(code) <= _MAX_CODE:
            return self._refused(request, "the provider has not signed anybody in")
        try:
            done = await self._in_turn(request, flow, code)
        except ProviderError as error:
            return self._failed(request, error)
        except AccountError as error:
            return self._refused(request, str(error))
        except (StoreError, WouldBlock):
            return self._form.form(request, HTTPStatus.SERVICE_UNAVAILABLE, wrong="busy")
        answer = signed_in(request, done, flow.to)
        answer.headers.append("Set-Cookie", set_cookie(PROVIDER, "", secure=request.state.secure, lasts_s=0))
        return answer

    async def _in_turn(self, request: Request, flow: Flow, code: str) -> SignedIn:
        if self._turns.statistics().tasks_waiting >= _MAX_WAITING:
            raise WouldBlock
        return await to_thread.run_sync(self._sign_in, request, flow, code, limiter=self._turns)

    def _sign_in(self, request: Request, flow: Flow, code: str) -> SignedIn:
        identity = self._provider.identity(flow, code, self._back)
        return sign_in_provided(self._accounts, self._config, identity, visitor_of(request))

    def _failed(self, request: Request, error: ProviderError) -> Response:
        _log.warning("web.oidc: %s: %s", self._config.issuer, error)
        return self._form.form(request, HTTPStatus.BAD_GATEWAY, wrong="provider")

    def _refused(self, request: Request, reason: str) -> Response:
        _log.warning("%s was not signed in by the provider: %s", visitor_of(request).address, reason)
        return self._form.form(request, HTTPStatus.FORBIDDEN, wrong="provider_no")

    def _signed(self, flow: Flow) -> str:
        text = base64.urlsafe_b64encode(msgspec.json.encode(flow)).decode().rstrip("=")
        return f"{text}.{self._mac(text)}"

    def _flow(self, cookie: str) -> Flow | None:
        text, _, mac = cookie[:_MAX_CODE].partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(text).encode()):
            return None
        flow = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Flow)
        return flow if time.time() < flow.ends_s else None

    def _mac(self, text: str) -> str:
        key = self._accounts.form_key
        return hmac.new(key, f"provider|{text}".encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
