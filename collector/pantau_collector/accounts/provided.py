"""Signs in whom the city's provider knows: their account is made or brought up to date as the provider says."""

import logging

from msgspec.structs import replace

from pantau_collector.access.account import AccountError
from pantau_collector.accounts.accounts import Accounts
from pantau_collector.accounts.actor import Actor
from pantau_collector.accounts.changes import add_account, set_rights
from pantau_collector.accounts.provider import Identity
from pantau_collector.accounts.provider_config import ProviderConfig
from pantau_collector.accounts.sign_in import SignedIn, Visitor
from pantau_collector.store import account_rows

_log = logging.getLogger(__name__)
_PROVIDER = "provider"


def sign_in_provided(accounts: Accounts, config: ProviderConfig, identity: Identity, visitor: Visitor) -> SignedIn:
    """Sign in somebody by their identity at the provider.

    An account belongs to a subject of the provider: nobody gets an account of another by taking on its name.

    Raises:
        AccountError: they may not sign in; the text says why.
        StoreError: the state cannot be read or written.
    """
    granted = config.grant_of(identity.groups)
    if granted is None:
        raise AccountError("none of the groups that the provider names may sign in here: see web.oidc.grant")
    role, scope = granted
    actor, now_ms = Actor(_PROVIDER, "machine", visitor.address), accounts.clock_ms()
    with accounts.store.begin() as connection:
        account = account_rows.load_provided(connection, identity.subject)
        if account is None:
            account = add_account(
                connection,
                actor,
                now_ms,
                name=identity.name,
                role=role,
                scope=scope,
                full_name=identity.full_name,
                provider=identity.subject,
            )
        if account.disabled_ms is not None:
            raise AccountError(f"account {account.name} is disabled")
        if (account.role, account.scope) != (role, scope):
            account = set_rights(connection, actor, now_ms, account.name, role=role, scope=scope)
        done = accounts.sign_in.as_account(connection, replace(account, provider=identity.subject), visitor)
        return done._replace(has_password=True)
