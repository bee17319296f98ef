"""What the forms of `/admin` do: the same changes as those of the commands `user` and `token`."""

from collections.abc import Callable, Mapping

from msgspec import Struct
from sqlalchemy import Connection

from pantau_collector.access.access_token import TokenKind
from pantau_collector.access.account import AccountError
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.accounts import changes, token_changes
from pantau_collector.accounts.actor import Actor, record
from pantau_collector.config import Web
from pantau_collector.store import session_rows

Form = Mapping[str, str]
Known = Mapping[str, list[str]]
"""The ids that a scope may name: `owners`, `projects`, `sites`."""


class Outcome(Struct, frozen=True):
    """What came of a form: a problem, or a secret that is shown once."""

    problem: str = ""
    secret: str = ""


Change = Callable[[Connection, Actor, int, Form, Web, Known], Outcome]


def _add(connection: Connection, actor: Actor, now_ms: int, form: Form, web: Web, known: Known) -> Outcome:
    account = changes.add_account(
        connection,
        actor,
        now_ms,
        name=form.get("name", ""),
        role=_role(form),
        scope=_scope(form, known),
        full_name=form.get("full_name", ""),
    )
    return Outcome(secret=web.sign_in_link(changes.make_link(connection, actor, now_ms, account.name)))


def _rights(connection: Connection, actor: Actor, now_ms: int, form: Form, _web: Web, known: Known) -> Outcome:
    name, scope = form.get("name", ""), _scope(form, known)
    changes.set_rights(connection, actor, now_ms, name, role=_role(form), scope=scope)
    return Outcome()


def _link(connection: Connection, actor: Actor, now_ms: int, form: Form, web: Web, _known: Known) -> Outcome:
    return Outcome(secret=web.sign_in_link(changes.make_link(connection, actor, now_ms, form.get("name", ""))))


def _disable(connection: Connection, actor: Actor, now_ms: int, form: Form, _web: Web, _known: Known) -> Outcome:
    changes.disable(connection, actor, now_ms, form.get("name", ""))
    return Outcome()


def _enable(connection: Connection, actor: Actor, now_ms: int, form: Form, _web: Web, _known: Known) -> Outcome:
    changes.enable(connection, actor, now_ms, form.get("name", ""))
    return Outcome()


def _end(connection: Connection, actor: Actor, now_ms: int, form: Form, _web: Web, _known: Known) -> Outcome:
    session = session_rows.load_session(connection, form.get("session", ""))
    if session is None:
        raise AccountError("this session has ended already")
    session_rows.end_session(connection, session.id)
    record(connection, actor, now_ms, "session_ended", session.account or f"token {session.token}")
    return Outcome()


def _token(connection: Connection, actor: Actor, now_ms: int, form: Form, web: Web, known: Known) -> Outcome:
    role, days = _role(form), form.get("days", "")
    if not days.isascii() or not days.isdecimal() or len(days) > 5:
        raise AccountError("expected after how many days it ends")
    kind: TokenKind = "screen" if role is Role.SCREEN else "api"
    _, secret = token_changes.make_token(
        connection,
        actor,
        now_ms,
        kind=kind,
        name=form.get("name", ""),
        role=role,
        scope=_scope(form, known),
        days=int(days),
    )
    return Outcome(secret=web.screen_link(secret) if kind == "screen" else secret)


def _revoke(connection: Connection, actor: Actor, now_ms: int, form: Form, _web: Web, _known: Known) -> Outcome:
    number = form.get("token", "")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise AccountError("there is no such token")
    token_changes.revoke_token(connection, actor, now_ms, int(number))
    return Outcome()


CHANGES: dict[str, Change] = {
    "add": _add,
    "rights": _rights,
    "link": _link,
    "disable": _disable,
    "enable": _enable,
    "end": _end,
    "token": _token,
    "revoke": _revoke,
}
"""By the value of the field `do`, what a form does."""


def _role(form: Form) -> Role:
    try:
        return Role[form.get("role", "").upper()]
    except KeyError:
        raise AccountError("expected a role: screen, viewer, operator or admin") from None


def _scope(form: Form, known: Known) -> Scope:
    """Return the scope of the fields `owners`, `projects` and `sites`, each of ids with commas between."""
    found = {}
    for kind in ("owners", "projects", "sites"):
        ids = tuple(each.strip() for each in form.get(kind, "").split(",") if each.strip())
        if unknown := [each for each in ids if each not in known[kind]]:
            raise AccountError(f"{kind}: the city has no {unknown[0]!r}; expected ids with commas between")
        found[kind] = ids
    return Scope(**found)
