"""Tokens made and revoked, each with its audit entry in the same transaction."""

from sqlalchemy import Connection

from pantau_collector.access.access_token import AccessToken, TokenKind
from pantau_collector.access.account import AccountError
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.access.secret_text import API_PREFIX, SCREEN_PREFIX, new_secret, secret_hash
from pantau_collector.accounts.actor import Actor, record
from pantau_collector.accounts.changes import describe_rights
from pantau_collector.store import session_rows, token_rows

DAY_MS = 86_400_000
LONGEST_DAYS = {"api": 400, "screen": 1830}
"""Days after which a token ends at the latest."""
_MAX_NAME = 100


def make_token(
    connection: Connection,
    actor: Actor,
    now_ms: int,
    *,
    kind: TokenKind,
    name: str,
    role: Role,
    scope: Scope,
    days: int,
) -> tuple[AccessToken, str]:
    """Make a token, and return it with its secret, which is not kept.

    Raises:
        AccountError: there can be no such token.
    """
    if not name.strip() or len(name) > _MAX_NAME:
        raise AccountError(f"expected a name of 1 to {_MAX_NAME} characters, by which people recognise the token")
    if not 1 <= days <= LONGEST_DAYS[kind]:
        raise AccountError(f"expected that it ends within 1 to {LONGEST_DAYS[kind]} days")
    if role is Role.ADMIN:
        raise AccountError("no token decides who may do what: expected viewer or operator")
    if (kind == "screen") != (role is Role.SCREEN):
        raise AccountError(
            "a screen's token shows and may do nothing else; one for programs is viewer or operator"
        )
    secret = new_secret(SCREEN_PREFIX if kind == "screen" else API_PREFIX)
    token = AccessToken(0, kind, name.strip(), role, scope, actor.who, now_ms, now_ms + days * DAY_MS)
    token = token_rows.add_token(connection, token, secret_hash(secret))
    detail = f"{token.name}: {describe_rights(role, scope)}, {days} days"
    record(connection, actor, now_ms, "token_made", str(token.id), detail)
    return token, secret


def revoke_token(connection: Connection, actor: Actor, now_ms: int, number: int) -> None:
    """Revoke a token: it is refused from now on, and the screens that it signed in are signed out.

    Raises:
        AccountError: there is no such token.
    """
    if not token_rows.revoke_token(connection, number, now_ms):
        raise AccountError(f"there is no token {number} that is not revoked already")
    session_rows.end_sessions_of_token(connection, number)
    record(connection, actor, now_ms, "token_revoked", str(number))
