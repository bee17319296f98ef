"""`/admin`: accounts, sessions, tokens and the audit log, for admins. Its forms do what the commands do."""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus

from msgspec import Struct
from sqlalchemy import Connection
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from pantau_collector.access.access_token import AccessToken
from pantau_collector.access.account import Account, AccountError
from pantau_collector.access.audit_entry import AuditEntry
from pantau_collector.access.role import Role
from pantau_collector.access.sign_in_session import Session
from pantau_collector.accounts.accounts import Accounts
from pantau_collector.accounts.actor import Actor, record
from pantau_collector.reports import audit_export
from pantau_collector.store import account_rows, audit_rows, session_rows, token_rows
from pantau_collector.web.admin_changes import CHANGES, Outcome
from pantau_collector.web.gate import caller_of
from pantau_collector.web.guard import GuardedRoute, guarded, principal_of
from pantau_collector.web.layout import language_of, render
from pantau_collector.web.rights_text import rights_text
from pantau_collector.web.sources import Sources
from pantau_collector.web.times import Times
from pantau_contract.words import words

_ENTRIES = 100
"""Entries of the audit log that the page shows."""


class Shown(Struct, frozen=True):
    """What the page shows."""

    accounts: list[Account]
    sessions: list[Session]
    tokens: list[AccessToken]
    entries: list[AuditEntry]


class AdminPage:
    """Serves the page, and does what its forms ask."""

    def __init__(self, accounts: Accounts, sources: Sources) -> None:
        self._accounts = accounts
        self._sources = sources

    async def page(self, request: Request) -> Response:
        """Serve `/admin`: GET shows it, POST does what the field `do` names, and shows what came of it."""
        outcome, status = Outcome(), HTTPStatus.OK
        if request.method == "POST":
            form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
            try:
                outcome = await run_in_threadpool(self._change, form, _actor(request))
            except AccountError as error:
                outcome, status = Outcome(problem=str(error)), HTTPStatus.BAD_REQUEST
        shown = await run_in_threadpool(self._load)
        return render(
            request,
            "admin.html",
            status=status,
            shown=shown,
            outcome=outcome,
            known=self._known(),
            clock=Times(words(language_of(request)), self._sources.zone, self._accounts.clock_ms()).clock,
            account_rights=[rights_text(request, each.role, each.scope) for each in shown.accounts],
            token_rights=[rights_text(request, each.role, each.scope) for each in shown.tokens],
        )

    async def export(self, request: Request) -> Response:
        """Serve `/admin/audit.csv` and `/admin/audit.json`: the whole audit log as CSV or JSON."""
        form = request.url.path.rpartition(".")[2]
        await run_in_threadpool(self._note_export, _actor(request), form)
        text = audit_export.as_json if form == "json" else audit_export.as_csv
        kind = "application/json" if form == "json" else "text/csv; charset=utf-8"
        headers = {"Content-Disposition": f'attachment; filename="audit.{form}"', "Cache-Control": "no-store"}
        return StreamingResponse(iterate_in_threadpool(self._exported(text)), media_type=kind, headers=headers)

    def _exported(self, text: Callable[[Iterator[AuditEntry]], Iterator[str]]) -> Iterator[str]:
        with self._accounts.store.begin() as connection:
            yield from text(audit_rows.load_entries(connection))

    def _note_export(self, actor: Actor, form: str) -> None:
        self._accounts.audit_log.flush()
        with self._accounts.store.begin() as connection:
            record(connection, actor, self._accounts.clock_ms(), "audit_exported", form)

    def _change(self, form: Mapping[str, str], actor: Actor) -> Outcome:
        change = CHANGES.get(form.get("do", ""))
        if change is None:
            raise AccountError("expected one of the page's own forms")
        with self._accounts.store.begin() as connection:
            return change(
                connection, actor, self._accounts.clock_ms(), form, self._sources.config.web, self._known()
            )

    def _known(self) -> dict[str, list[str]]:
        """Return the ids that a scope may name."""
        inventory = self._sources.inventory()
        projects = {each.project for each in inventory.cameras.values() if each.project}
        return {"owners": sorted(inventory.owners), "projects": sorted(projects), "sites": sorted(inventory.sites)}

    def _load(self) -> Shown:
        self._accounts.audit_log.flush()
        with self._accounts.store.begin() as connection:
            return _loaded(connection)


def _loaded(connection: Connection) -> Shown:
    return Shown(
        account_rows.load_accounts(connection),
        session_rows.load_sessions(connection),
        token_rows.load_tokens(connection),
        audit_rows.load_latest(connection, _ENTRIES),
    )


def _actor(request: Request) -> Actor:
    principal = principal_of(request)
    return Actor(principal.name, principal.kind, caller_of(request).address)


def admin_routes(accounts: Accounts, sources: Sources) -> list[GuardedRoute]:
    """Return the routes."""
    page = AdminPage(accounts, sources)
    return [
        guarded("/admin", page.page, Role.ADMIN, methods=("GET", "POST"), audited=False),
        guarded("/admin/audit.csv", page.export, Role.ADMIN),
        guarded("/admin/audit.json", page.export, Role.ADMIN),
    ]
