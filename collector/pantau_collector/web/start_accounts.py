"""Opens the accounts of a collector that starts, and makes the first one."""

import logging
from collections.abc import Callable
from contextlib import ExitStack

from pantau_collector.accounts.accounts import Accounts, open_accounts
from pantau_collector.accounts.first_admin import keep_configured_token, make_first_admin
from pantau_collector.accounts.housekeeping import AccessHousekeeping
from pantau_collector.accounts.session_rules import SessionRules
from pantau_collector.config import Web
from pantau_collector.store import Store

_log = logging.getLogger(__name__)


def start_accounts(web: Web, store: Store, clock_ms: Callable[[], int], stack: ExitStack) -> Accounts:
    """Return the accounts of a store; `stack` ends the thread that writes what gathers about them.

    The one-time link of a new collector's first admin is logged, once.

    Raises:
        StoreError: the state cannot be read or written.
    """
    rules = SessionRules(web.session_idle_h, 24 * web.session_days)
    accounts = open_accounts(store, rules, clock_ms)
    keep_configured_token(store, web.token.get_secret_value() if web.token else None, clock_ms())
    if (code := make_first_admin(store, clock_ms())) is not None:
        _log.warning("sign in as the first admin, once and within a day: %s", web.sign_in_link(code))
    housekeeping = AccessHousekeeping(
        store, accounts.recognition, accounts.audit_log, rules, web.keep_audit_days, clock_ms
    )
    housekeeping.start()
    stack.callback(housekeeping.stop)
    return accounts
