"""What may be changed of accounts, each change with its audit entry in the same transaction.

The caller checks that the actor may do so. Every function raises `AccountError` if it cannot be done.
"""

from msgspec.structs import replace
from sqlalchemy import Connection

from pantau_collector.access.account import Account, AccountError, account_name, check_rights
from pantau_collector.access.passwords import Passwords, check_password
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.access.secret_text import LINK_PREFIX, new_secret, secret_hash
from pantau_collector.accounts.actor import Actor, record
from pantau_collector.store import account_rows, session_rows

LINK_VALID_MS = 24 * 3_600_000
"""Milliseconds for which a one-time link can be used."""
_MAX_FULL_NAME = 200


def find_account(connection: Connection, name: str) -> Account:
    """Return the account of a name."""
    account = account_rows.load_account(connection, name.strip().casefold())
    if account is None:
        raise AccountError(f"there is no account {name!r}")
    return account


def add_account(
    connection: Connection,
    actor: Actor,
    now_ms: int,
    *,
    name: str,
    role: Role,
    scope: Scope,
    full_name: str = "",
    provider: str = "",
) -> Account:
    """Add an account, without a password yet."""
    account = Account(
        name=account_name(name),
        role=role,
        scope=scope,
        full_name=full_name[:_MAX_FULL_NAME],
        provider=provider,
        created_ms=now_ms,
        created_by=actor.who,
    )
    check_rights(role, scope)
    if account_rows.load_account(connection, account.name) is not None:
        raise AccountError(f"there is an account {account.name} already")
    account_rows.save_account(connection, account)
    record(connection, actor, now_ms, "account_added", account.name, describe(account))
    return account


def set_rights(
    connection: Connection,
    actor: Actor,
    now_ms: int,
    name: str,
    *,
    role: Role | None = None,
    scope: Scope | None = None,
) -> Account:
    """Change an account's role, its scope, or both. Its sessions go on with the new ones."""
    account = find_account(connection, name)
    changed = replace(
        account,
        role=account.role if role is None else role,
        scope=account.scope if scope is None else scope,
    )
    check_rights(changed.role, changed.scope)
    if changed.role is not Role.ADMIN:
        _keep_an_admin(connection, account)
    if changed != account:
        account_rows.save_account(connection, changed)
        record(
            connection,
            actor,
            now_ms,
            "rights_changed",
            account.name,
            f"{describe(account)} -> {describe(changed)}",
        )
    return changed


def disable(connection: Connection, actor: Actor, now_ms: int, name: str) -> int:
    """Disable an account: it cannot sign in any more, and its sessions end. Return the number of these."""
    account = find_account(connection, name)
    _keep_an_admin(connection, account)
    ended = session_rows.end_sessions(connection, account.name)
    account_rows.drop_links(connection, account.name)
    if account.disabled_ms is None:
        account_rows.save_account(connection, replace(account, disabled_ms=now_ms))
        record(connection, actor, now_ms, "account_disabled", account.name)
    return ended


def enable(connection: Connection, actor: Actor, now_ms: int, name: str) -> Account:
    """Enable an account again."""
    account = replace(find_account(connection, name), disabled_ms=None)
    account_rows.save_account(connection, account)
    record(connection, actor, now_ms, "account_enabled", account.name)
    return account


def hashed_password(passwords: Passwords, password: str, name: str) -> str:
    """Return the hash of a new password of an account; outside a transaction, because it takes its time.

    Raises:
        PasswordError: it is not accepted.
    """
    check_password(password, name)
    return passwords.hash(password)


def set_password(
    connection: Connection, actor: Actor, now_ms: int, name: str, hashed: str, *, keep_session: str = ""
) -> int:
    """Give an account a new password, by its hash. All its sessions but one end; return their number."""
    account = find_account(connection, name)
    account_rows.save_account(connection, replace(account, password=hashed))
    account_rows.drop_links(connection, account.name)
    record(connection, actor, now_ms, "password_changed", account.name)
    return session_rows.end_sessions(connection, account.name, but=keep_session)


def make_link(
    connection: Connection, actor: Actor, now_ms: int, name: str, *, valid_ms: int = LINK_VALID_MS
) -> str:
    """Make a link by which an account is signed in to once, in place of the one before. Return its secret code."""
    account = find_account(connection, name)
    if account.disabled_ms is not None:
        raise AccountError(f"account {account.name} is disabled: enable it first")
    code = new_secret(LINK_PREFIX)
    ends_ms = now_ms + valid_ms
    account_rows.add_link(connection, secret_hash(code), account.name, created_ms=now_ms, ends_ms=ends_ms)
    record(connection, actor, now_ms, "link_made", account.name)
    return code


def describe(account: Account) -> str:
    """Return an account's rights in one line, as `operator of owners dishub`."""
    return describe_rights(account.role, account.scope)


def describe_rights(role: Role, scope: Scope) -> str:
    """Return a role and scope in one line."""
    parts = [
        f"{kind} {', '.join(names)}"
        for kind, names in (("owners", scope.owners), ("projects", scope.projects), ("sites", scope.sites))
        if names
    ]
    return f"{role.name.lower()} of {'; '.join(parts) or 'the whole city'}"


def _keep_an_admin(connection: Connection, account: Account) -> None:
    """Raise `AccountError` if an account is the last one that may decide who else may."""
    admins = [
        each.name
        for each in account_rows.load_accounts(connection)
        if each.role is Role.ADMIN and each.disabled_ms is None
    ]
    if admins == [account.name]:
        raise AccountError(f"{account.name} is the only admin: make another one first")
