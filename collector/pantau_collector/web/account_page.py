"""`/account`: one's own account: rights, sessions, password."""

from functools import partial
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pantau_collector.access.passwords import MIN_LENGTH, PasswordError
from pantau_collector.access.role import Role
from pantau_collector.access.sign_in_session import Session
from pantau_collector.accounts.accounts import Accounts
from pantau_collector.accounts.actor import Actor, record
from pantau_collector.accounts.own_password import change_password, needs_present_password
from pantau_collector.accounts.sign_in import Refused
from pantau_collector.store import session_rows
from pantau_collector.web.cookies import DEVICE, read_cookie
from pantau_collector.web.gate import caller_of
from pantau_collector.web.guard import GuardedRoute, guarded, principal_of, refusal
from pantau_collector.web.layout import render
from pantau_collector.web.rights_text import rights_text
from pantau_collector.web.sign_in import signed_in, visitor_of


class AccountPage:
    """Serves the page and its forms. They are for people with an account, not for tokens."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def page(self, request: Request) -> Response:
        """Serve `/account`."""
        return await self._page(request)

    async def password(self, request: Request) -> Response:
        """Serve `/account/password`: a new password, after the present one unless a link has signed in."""
        form = await request.form()
        new = str(form.get("new", ""))
        if new != form.get("again"):
            return await self._page(request, HTTPStatus.BAD_REQUEST, wrong="again")
        change = partial(
            change_password,
            self._accounts,
            principal_of(request),
            caller_of(request).session,
            str(form.get("present", "")),
            new,
            read_cookie(request.headers.get("cookie", ""), DEVICE, secure=request.state.secure),
            visitor_of(request),
        )
        try:
            done = await run_in_threadpool(change)
        except PasswordError as error:
            return await self._page(request, HTTPStatus.BAD_REQUEST, wrong=error.key)
        if isinstance(done, Refused):
            return await self._page(request, HTTPStatus.FORBIDDEN, wrong="often" if done.wait_s else "present")
        return signed_in(request, done._replace(has_password=True))

    async def end_others(self, request: Request) -> Response:
        """Serve `/account/sessions`: end all sessions but this one."""
        principal, caller = principal_of(request), caller_of(request)

        def end() -> None:
            with self._accounts.store.begin() as connection:
                session_rows.end_sessions(connection, principal.name, but=principal.session)
                actor = Actor(principal.name, principal.kind, caller.address)
                record(connection, actor, self._accounts.clock_ms(), "session_ended", principal.name, "all others")

        await run_in_threadpool(end)
        return RedirectResponse("../account", HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})

    async def _page(self, request: Request, status: HTTPStatus = HTTPStatus.OK, *, wrong: str = "") -> Response:
        principal = principal_of(request)
        if principal.kind != "account":
            return refusal(HTTPStatus.FORBIDDEN, "this page is for people who have signed in to an account")
        asks, sessions = await run_in_threadpool(self._load, request)
        return render(
            request,
            "account_page.html",
            status=status,
            rights=rights_text(request, principal.role, principal.scope),
            sessions=sessions,
            asks_present=asks,
            shortest=MIN_LENGTH,
            wrong=wrong,
        )

    def _load(self, request: Request) -> tuple[bool, list[Session]]:
        principal = principal_of(request)
        with self._accounts.store.begin() as connection:
            sessions = session_rows.load_sessions(connection, principal.name)
        return needs_present_password(self._accounts, principal), sessions


def account_routes(accounts: Accounts) -> list[GuardedRoute]:
    """Return the routes."""
    page = AccountPage(accounts)
    return [
        guarded("/account", page.page, Role.VIEWER),
        guarded("/account/password", page.password, Role.VIEWER, methods=("POST",), audited=False),
        guarded("/account/sessions", page.end_others, Role.VIEWER, methods=("POST",), audited=False),
    ]
