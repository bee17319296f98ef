"""All about accounts that the pages need, made of one store."""

from collections.abc import Callable

from msgspec import Struct

from pantau_collector.access.passwords import Passwords
from pantau_collector.accounts.audit_log import AuditLog
from pantau_collector.accounts.devices import Devices
from pantau_collector.accounts.recognition import Recognition
from pantau_collector.accounts.session_rules import SessionRules
from pantau_collector.accounts.sign_in import SignIn
from pantau_collector.store import Store, secret_rows

_DEVICES = "devices"
"""The name of the secret that signs the cookies of known browsers."""
_FORMS = "forms"
"""The name of the secret of which the CSRF tokens of sessions are made."""


class Accounts(Struct, frozen=True):
    """Who may sign in, who has, and who did what. `form_key` is a secret."""

    store: Store
    passwords: Passwords
    recognition: Recognition
    sign_in: SignIn
    audit_log: AuditLog
    rules: SessionRules
    form_key: bytes
    clock_ms: Callable[[], int]


def open_accounts(
    store: Store, rules: SessionRules, clock_ms: Callable[[], int], *, passwords: Passwords | None = None
) -> Accounts:
    """Return the accounts of a store.

    Raises:
        StoreError: the state cannot be read or written.
    """
    with store.begin() as connection:
        devices = Devices(secret_rows.load_or_make(connection, _DEVICES))
        form_key = secret_rows.load_or_make(connection, _FORMS)
    passwords = passwords or Passwords()
    return Accounts(
        store=store,
        passwords=passwords,
        recognition=Recognition(store, rules, clock_ms),
        sign_in=SignIn(store, passwords, devices, rules, clock_ms),
        audit_log=AuditLog(store, clock_ms),
        rules=rules,
        form_key=form_key,
        clock_ms=clock_ms,
    )
