"""Accounts and one-time sign-in links as rows."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, select, update

from pantau_collector.access.account import Account
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.store.access_tables import accounts, sign_in_links
from pantau_collector.store.database import put_rows


def save_account(connection: Connection, account: Account) -> None:
    """Save an account, new or changed."""
    values: dict[str, Any] = msgspec.structs.asdict(account)
    values["role"] = account.role.name.lower()
    values["scope_json"] = msgspec.json.encode(values.pop("scope")).decode()
    put_rows(connection, accounts, [values])


def load_account(connection: Connection, name: str) -> Account | None:
    """Load the account of a name, or None if there is none."""
    row = connection.execute(select(accounts).where(accounts.c.name == name)).first()
    return _account(row) if row else None


def load_provided(connection: Connection, provider: str) -> Account | None:
    """Load the account that the city's provider knows by an issuer and subject, or None if there is none."""
    row = connection.execute(select(accounts).where(accounts.c.provider == provider)).first()
    return _account(row) if row else None


def load_accounts(connection: Connection) -> list[Account]:
    """Load all accounts, by name."""
    return [_account(row) for row in connection.execute(select(accounts).order_by(accounts.c.name))]


def count_accounts(connection: Connection) -> int:
    """Return the number of accounts."""
    return connection.execute(select(func.count()).select_from(accounts)).scalar_one()


def note_sign_in(connection: Connection, name: str, now_ms: int) -> None:
    """Note that somebody has signed in to an account."""
    connection.execute(update(accounts).where(accounts.c.name == name).values(signed_in_ms=now_ms))


def add_link(connection: Connection, hashed: str, account: str, *, created_ms: int, ends_ms: int) -> None:
    """Add a one-time link to an account, in place of the ones it had."""
    drop_links(connection, account)
    row = {"hash": hashed, "account": account, "created_ms": created_ms, "ends_ms": ends_ms}
    connection.execute(sign_in_links.insert(), [row])


def use_link(connection: Connection, hashed: str, now_ms: int) -> str | None:
    """Use a link up, and return its account; None if there is no such link, or it has ended."""
    found = connection.execute(select(sign_in_links).where(sign_in_links.c.hash == hashed)).first()
    if found is None:
        return None
    removed = connection.execute(delete(sign_in_links).where(sign_in_links.c.hash == hashed)).rowcount
    return str(found.account) if removed and now_ms < found.ends_ms else None


def drop_links(connection: Connection, account: str) -> None:
    """Remove the links to an account."""
    connection.execute(delete(sign_in_links).where(sign_in_links.c.account == account))


def drop_ended_links(connection: Connection, now_ms: int) -> None:
    """Remove the links that have ended."""
    connection.execute(delete(sign_in_links).where(sign_in_links.c.ends_ms <= now_ms))


def _account(row: Row[Any]) -> Account:
    return Account(
        name=row.name,
        role=Role[row.role.upper()],
        scope=msgspec.json.decode(row.scope_json, type=Scope),
        full_name=row.full_name,
        password=row.password,
        provider=row.provider,
        created_ms=row.created_ms,
        created_by=row.created_by,
        disabled_ms=row.disabled_ms,
        signed_in_ms=row.signed_in_ms,
    )
