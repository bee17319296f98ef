"""`/sign-in`, `/screen` and `/sign-out`: where people and screens get a session, and end it.

A one-time link is `/sign-in#CODE`, and a screen opens `/screen#TOKEN`: what follows the `#` never leaves the
browser by itself. The page's script takes it out of the address, and sends it as a form.
"""

from http import HTTPStatus
from urllib.parse import parse_qs, quote

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pantau_collector.access.role import Role
from pantau_collector.accounts.accounts import Accounts
from pantau_collector.accounts.actor import Actor
from pantau_collector.accounts.sign_in import Refused, SignedIn, Visitor
from pantau_collector.store import StoreError
from pantau_collector.web.access import Caller, network_of
from pantau_collector.web.cookies import DEVICE, DEVICE_S, SESSION, read_cookie, set_cookie
from pantau_collector.web.environment import TEMPLATES
from pantau_collector.web.guard import MAX_BODY, GuardedRoute, guarded, open_to_all, principal_of, refusal, root_of
from pantau_collector.web.headers import FORMS_ALLOWED
from pantau_collector.web.layout import language_of
from pantau_contract.words import words

HASHED_AT_ONCE = 2
"""Passwords that are checked at once: each takes a core for some 50 ms, and 64 MiB."""
_MAX_WAITING = 16
"""Attempts that wait for their turn at most."""
_MAX_PATH = 500


class SignInPages:
    """Serves the pages. `provider` is what the button of the city's own provider says, or empty."""

    def __init__(self, accounts: Accounts, *, provider: str = "") -> None:
        self._accounts = accounts
        self._provider = provider
        self._turns = CapacityLimiter(HASHED_AT_ONCE)

    def routes(self) -> list[GuardedRoute]:
        """Return the routes."""
        return [
            open_to_all("/sign-in", self.page, methods=("GET", "POST")),
            open_to_all("/sign-in/code", self.use_code, methods=("POST",)),
            open_to_all("/screen", self.screen),
            guarded("/sign-out", self.sign_out, Role.SCREEN, methods=("POST",), audited=False),
        ]

    async def page(self, request: Request) -> Response:
        """Serve `/sign-in`: GET shows the form, POST checks name and password."""
        if request.method != "POST":
            return self.form(request, HTTPStatus.OK)
        sent = await form_fields(request)
        if self._turns.statistics().tasks_waiting >= _MAX_WAITING:
            return self.form(request, HTTPStatus.SERVICE_UNAVAILABLE, wrong="busy")
        device = read_cookie(request.headers.get("cookie", ""), DEVICE, secure=request.state.secure)
        sign_in = self._accounts.sign_in.by_password
        arguments = (sent.get("name", ""), sent.get("password", ""), device, visitor_of(request))
        try:
            done = await to_thread.run_sync(sign_in, *arguments, limiter=self._turns)
        except StoreError:
            return self.form(request, HTTPStatus.SERVICE_UNAVAILABLE, wrong="failed")
        if isinstance(done, Refused):
            return self._refused(request, done)
        return signed_in(request, done, sent.get("to", ""))

    async def use_code(self, request: Request) -> Response:
        """Serve `/sign-in/code`: the code of a one-time link, or a screen's token, as a form."""
        code = (await form_fields(request)).get("code", "").strip()
        try:
            done = await run_in_threadpool(self._accounts.sign_in.by_code, code, visitor_of(request))
        except StoreError:
            return self.form(request, HTTPStatus.SERVICE_UNAVAILABLE, wrong="failed")
        if isinstance(done, Refused):
            return self.form(request, HTTPStatus.FORBIDDEN, wrong="code")
        return signed_in(request, done)

    async def screen(self, request: Request) -> Response:
        """Serve `/screen`: the form for a screen's token, which the page's script sends."""
        return self.form(request, HTTPStatus.OK, only_code=True)

    async def sign_out(self, request: Request) -> Response:
        """Serve `/sign-out`: end the session."""
        caller: Caller = request.state.caller
        principal = principal_of(request)
        actor = Actor(principal.name, principal.kind, caller.address)
        try:
            await run_in_threadpool(self._accounts.sign_in.sign_out, caller.session, actor)
        except StoreError:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the session cannot be ended now: try again")
        self._accounts.recognition.forget(caller.session)
        gone = set_cookie(SESSION, "", secure=request.state.secure, lasts_s=0)
        headers = {"Set-Cookie": gone, "Cache-Control": "no-store", "Clear-Site-Data": '"cache"'}
        return RedirectResponse("sign-in", HTTPStatus.SEE_OTHER, headers=headers)

    def _refused(self, request: Request, done: Refused) -> Response:
        if done.wait_s == 0:
            return self.form(request, HTTPStatus.FORBIDDEN, wrong="password")
        answer = self.form(request, HTTPStatus.TOO_MANY_REQUESTS, wrong="often")
        answer.headers["Retry-After"] = str(int(done.wait_s) + 1)
        return answer

    def form(
        self, request: Request, status: HTTPStatus, *, wrong: str = "", only_code: bool = False
    ) -> HTMLResponse:
        """Return the page to sign in; `wrong` names what is told, `wall.sign_in.wrong_*`."""
        language = language_of(request)
        html = TEMPLATES.get_template("sign_in.html").render(
            language=language,
            words=words(language),
            root=root_of(request),
            wrong=wrong,
            only_code=only_code,
            provider=self._provider,
            to=own_path(request.query_params.get("to", "")),
        )
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": FORMS_ALLOWED}
        return HTMLResponse(html, status, headers)


def visitor_of(request: Request) -> Visitor:
    """Return the browser that asks."""
    caller: Caller = request.state.caller
    browser = "".join(each for each in request.headers.get("user-agent", "") if each.isprintable())
    return Visitor(caller.address, network_of(caller.address), browser)


def signed_in(request: Request, done: SignedIn, to: str = "") -> Response:
    """Return the answer that gives a browser its session, and leads on: to `to`, or to where a password is set."""
    secure: bool = request.state.secure
    path = own_path(to) if done.has_password else "/account"
    answer = RedirectResponse(
        quote(f"{root_of(request)}{path[1:]}", safe="/?=&.%-_~"),
        HTTPStatus.SEE_OTHER,
        headers={"Cache-Control": "no-store"},
    )
    answer.headers.append("Set-Cookie", set_cookie(SESSION, done.secret, secure=secure, lasts_s=done.lasts_s))
    if done.device:
        answer.headers.append("Set-Cookie", set_cookie(DEVICE, done.device, secure=secure, lasts_s=DEVICE_S))
    return answer


def own_path(text: str) -> str:
    """Return a path of this server, to which a sign-in leads; `/` for whatever else it may be."""
    is_path = text.startswith("/") and not text.startswith(("//", "/\\")) and len(text) <= _MAX_PATH
    return text if is_path and text.isprintable() and "\\" not in text else "/"


async def form_fields(request: Request) -> dict[str, str]:
    """Return the fields of a form, the first value of each; nothing of one that is too long or broken."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return {}
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20)
    except (ClientDisconnect, ValueError):
        return {}
    return {name: values[0] for name, values in fields.items()}
