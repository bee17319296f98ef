"""A person's own password, changed by themselves."""

from pantau_collector.access.principal import Principal
from pantau_collector.access.secret_text import secret_hash
from pantau_collector.access.sign_in_session import Method
from pantau_collector.accounts.accounts import Accounts
from pantau_collector.accounts.actor import Actor
from pantau_collector.accounts.changes import hashed_password, set_password
from pantau_collector.accounts.sign_in import Refused, SignedIn, Visitor
from pantau_collector.store import session_rows


def needs_present_password(accounts: Accounts, principal: Principal) -> bool:
    """Return True unless somebody has come by a one-time link, which says who they are.

    Raises:
        StoreError: the state cannot be read.
    """
    with accounts.store.begin() as connection:
        session = session_rows.load_session(connection, principal.session)
    return session is None or session.method is not Method.LINK


def change_password(
    accounts: Accounts,
    principal: Principal,
    secret: str,
    present: str,
    new: str,
    device: str,
    visitor: Visitor,
) -> SignedIn | Refused:
    """Change the password of a principal's account, and return the session that goes on; all others end.

    The present one is asked for with the limits of a sign-in. `secret` is that of the session's cookie.

    Raises:
        PasswordError: the new one is not accepted; nothing is changed.
        StoreError: the state cannot be read or written.
    """
    hashed = hashed_password(accounts.passwords, new, principal.name)
    if needs_present_password(accounts, principal):
        done = accounts.sign_in.by_password(principal.name, present, device, visitor)
    else:
        done = accounts.sign_in.renew(secret)
    if isinstance(done, SignedIn):
        actor = Actor(principal.name, principal.kind, visitor.address)
        with accounts.store.begin() as connection:
            kept = secret_hash(done.secret)
            set_password(connection, actor, accounts.clock_ms(), principal.name, hashed, keep_session=kept)
    return done
