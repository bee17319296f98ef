"""The first account of a new collector, and the one that its configuration has had: `web.token`."""

import logging

from pantau_collector.access.access_token import AccessToken
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.access.secret_text import secret_hash
from pantau_collector.accounts.actor import Actor, record
from pantau_collector.accounts.changes import add_account, make_link
from pantau_collector.accounts.token_changes import DAY_MS
from pantau_collector.store import Store, account_rows, token_rows

FIRST_ADMIN = "admin"
"""The name of the first account."""
_CONFIGURATION = Actor("configuration", "machine")
_TOKEN_NAME = "web.token"  # noqa: S105 - a name, not a token
_TOKEN_DAYS = 36_500
_log = logging.getLogger(__name__)


def make_first_admin(store: Store, now_ms: int) -> str | None:
    """Make an admin if there is no account yet, and return the code of a one-time link; None if there is one.

    Raises:
        StoreError: the state cannot be written.
    """
    with store.begin() as connection:
        if account_rows.count_accounts(connection):
            return None
        add_account(connection, _CONFIGURATION, now_ms, name=FIRST_ADMIN, role=Role.ADMIN, scope=Scope())
        return make_link(connection, _CONFIGURATION, now_ms, FIRST_ADMIN)


def keep_configured_token(store: Store, secret: str | None, now_ms: int) -> None:
    """Make `web.token` of the configuration a screen's token, and revoke the one that stood there before.

    Raises:
        StoreError: the state cannot be written.
    """
    hashed = secret_hash(secret) if secret is not None else ""
    with store.begin() as connection:
        present = token_rows.find_token(connection, hashed) if hashed else None
        for each in token_rows.load_tokens(connection):
            is_old = each.by == _CONFIGURATION.who and each.revoked_ms is None
            if is_old and (present is None or each.id != present.id):
                token_rows.revoke_token(connection, each.id, now_ms)
                record(connection, _CONFIGURATION, now_ms, "token_revoked", str(each.id))
        if present is not None and present.revoked_ms is not None:
            _log.warning("web.token: token %d has been revoked: screens need another one", present.id)
        if hashed and present is None:
            ends_ms = now_ms + _TOKEN_DAYS * DAY_MS
            token = AccessToken(
                0, "screen", _TOKEN_NAME, Role.SCREEN, Scope(), _CONFIGURATION.who, now_ms, ends_ms
            )
            token = token_rows.add_token(connection, token, hashed)
            record(connection, _CONFIGURATION, now_ms, "token_made", str(token.id), _TOKEN_NAME)
