"""Tokens of programs and screens as rows."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select, update

from pantau_collector.access.access_token import AccessToken
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.store.access_tables import api_tokens


def add_token(connection: Connection, token: AccessToken, hashed: str) -> AccessToken:
    """Add a token by the hash of its secret, and return it with the number that it was given."""
    values: dict[str, Any] = msgspec.structs.asdict(token)
    del values["id"]
    values["role"] = token.role.name.lower()
    values["scope_json"] = msgspec.json.encode(values.pop("scope")).decode()
    number = connection.execute(api_tokens.insert().values(**values, hash=hashed)).inserted_primary_key
    return msgspec.structs.replace(token, id=number[0] if number else 0)


def find_token(connection: Connection, hashed: str) -> AccessToken | None:
    """Load the token of a secret's hash, or None if there is none."""
    row = connection.execute(select(api_tokens).where(api_tokens.c.hash == hashed)).first()
    return _token(row) if row else None


def load_token(connection: Connection, number: int) -> AccessToken | None:
    """Load the token of a number, or None if there is none."""
    row = connection.execute(select(api_tokens).where(api_tokens.c.id == number)).first()
    return _token(row) if row else None


def load_tokens(connection: Connection) -> list[AccessToken]:
    """Load all tokens, by number."""
    return [_token(row) for row in connection.execute(select(api_tokens).order_by(api_tokens.c.id))]


def revoke_token(connection: Connection, number: int, now_ms: int) -> bool:
    """Revoke a token. Return False if there is none of that number that is not revoked already."""
    valid = (api_tokens.c.id == number) & api_tokens.c.revoked_ms.is_(None)
    return connection.execute(update(api_tokens).where(valid).values(revoked_ms=now_ms)).rowcount > 0


def note_used(connection: Connection, used: Mapping[int, int]) -> None:
    """Note when tokens were used last (UTC ms), by number."""
    if used:
        statement = update(api_tokens).where(api_tokens.c.id == bindparam("token")).values(used_ms=bindparam("ms"))
        connection.execute(statement, [{"token": key, "ms": ms} for key, ms in used.items()])


def _token(row: Row[Any]) -> AccessToken:
    return AccessToken(
        id=row.id,
        kind=row.kind,
        name=row.name,
        role=Role[row.role.upper()],
        scope=msgspec.json.decode(row.scope_json, type=Scope),
        by=row.by,
        created_ms=row.created_ms,
        ends_ms=row.ends_ms,
        revoked_ms=row.revoked_ms,
        used_ms=row.used_ms,
    )
