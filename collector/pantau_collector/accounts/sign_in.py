"""Signs people and screens in, and out."""

import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection

from pantau_collector.access import attempts
from pantau_collector.access.account import Account, AccountError, account_name
from pantau_collector.access.audit_entry import STRANGER
from pantau_collector.access.passwords import Passwords
from pantau_collector.access.secret_text import MAX_SECRET, new_secret, secret_hash
from pantau_collector.access.sign_in_session import Method, Session
from pantau_collector.accounts.actor import Actor, record
from pantau_collector.accounts.devices import Devices
from pantau_collector.accounts.session_rules import SCREEN_LONGEST_MS, SessionRules
from pantau_collector.store import Store, account_rows, attempt_rows, session_rows, token_rows

_log = logging.getLogger(__name__)


class Visitor(NamedTuple):
    """A browser that wants in: its address, the network that shares its limit, what it says of itself."""

    address: str
    network: str
    browser: str = ""


class SignedIn(NamedTuple):
    """A new session: the secret for the browser's cookie, and who it is. `lasts_s` is until it ends in any case.

    `account` is empty for a screen. `device` is a cookie by which the browser is recognised, or empty.
    """

    secret: str
    lasts_s: int
    account: str
    device: str = ""
    has_password: bool = True


class Refused(NamedTuple):
    """Nobody was signed in. `wait_s` is how long to wait until one more attempt is looked at, 0 if it was."""

    wait_s: float = 0.0


class SignIn:
    """Signs in by password, by one-time link, by a screen's token, or as the city's provider says.

    Methods block, and raise `StoreError` if the state cannot be read or written. Any thread may call them.
    """

    def __init__(
        self,
        store: Store,
        passwords: Passwords,
        devices: Devices,
        rules: SessionRules,
        clock_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._devices = devices
        self._rules = rules
        self._clock_ms = clock_ms
        self._counting = threading.Lock()

    def by_password(self, name: str, password: str, device_cookie: str, visitor: Visitor) -> SignedIn | Refused:
        """Sign in by name and password.

        The work is the same whether there is such an account or not. An attempt beyond the limits is not looked
        at, and makes no wait longer.
        """
        try:
            name = account_name(name)
        except AccountError:
            name = ""
        device = self._devices.device(device_cookie, name)
        buckets = attempts.limits(name, visitor.network, device)
        with self._counting, self._store.begin() as connection:
            wait_s = attempt_rows.take(connection, buckets, self._clock_ms())
            account = account_rows.load_account(connection, name) if name else None
        if wait_s > 0:
            _log.warning("%s has to wait %.0f s before another attempt to sign in", visitor.address, wait_s)
            return Refused(wait_s)
        stored = account.password if account is not None and account.disabled_ms is None else ""
        if not self._passwords.matches(stored, password) or account is None:
            self._note_failure(account, visitor)
            return Refused()
        renewed = self._passwords.hash(password) if self._passwords.is_outdated(stored) else stored
        with self._store.begin() as connection:
            present = account_rows.load_account(connection, name)
            if present is None or present.disabled_ms is not None or present.password != stored:
                return Refused()
            attempt_rows.give_back(connection, buckets, self._clock_ms())
            if renewed != stored:
                account_rows.save_account(connection, replace(present, password=renewed))
            return self._begin(connection, present, Method.PASSWORD, visitor)

    def by_code(self, code: str, visitor: Visitor) -> SignedIn | Refused:
        """Sign in by the code of a one-time link, which is used up, or by a screen's token."""
        if not code or len(code) > MAX_SECRET:
            return Refused()
        hashed, now_ms = secret_hash(code), self._clock_ms()
        with self._store.begin() as connection:
            name = account_rows.use_link(connection, hashed, now_ms)
            account = account_rows.load_account(connection, name) if name else None
            if account is not None and account.disabled_ms is None:
                return self._begin(connection, account, Method.LINK, visitor)
            token = token_rows.find_token(connection, hashed)
            if token is not None and token.kind == "screen" and token.is_valid(now_ms):
                ends_ms = min(token.ends_ms, now_ms + SCREEN_LONGEST_MS)
                secret = self._add_session(connection, "", token.id, Method.TOKEN, visitor, ends_ms)
                actor = Actor(token.name, "screen", visitor.address)
                record(connection, actor, now_ms, "signed_in", token.name, Method.TOKEN)
                _log.info("screen %s is signed in from %s", token.name, visitor.address)
                return SignedIn(secret, (ends_ms - now_ms) // 1000, "")
        _log.warning("%s has tried to sign in by a link or token that is not valid", visitor.address)
        return Refused()

    def as_account(self, connection: Connection, account: Account, visitor: Visitor) -> SignedIn:
        """Sign in to an account for which the city's provider answers, in a transaction of the caller's."""
        return self._begin(connection, account, Method.PROVIDER, visitor)

    def renew(self, secret: str) -> SignedIn | Refused:
        """Replace a session by a new one of the same account and end, so that the old cookie opens nothing."""
        now_ms = self._clock_ms()
        with self._store.begin() as connection:
            session = session_rows.load_session(connection, secret_hash(secret))
            if session is None or not session.account or not self._rules.is_alive(session, now_ms):
                return Refused()
            session_rows.end_session(connection, session.id)
            renewed = new_secret()
            session_rows.add_session(
                connection, replace(session, id=secret_hash(renewed), seen_ms=now_ms, method=Method.PASSWORD)
            )
        device = self._devices.cookie(session.account)
        return SignedIn(renewed, (session.ends_ms - now_ms) // 1000, session.account, device)

    def sign_out(self, secret: str, actor: Actor) -> None:
        """End the session of a cookie."""
        with self._store.begin() as connection:
            if session_rows.end_session(connection, secret_hash(secret)):
                record(connection, actor, self._clock_ms(), "signed_out", actor.who)

    def _begin(self, connection: Connection, account: Account, method: Method, visitor: Visitor) -> SignedIn:
        now_ms = self._clock_ms()
        ends_ms = now_ms + self._rules.longest_ms
        secret = self._add_session(connection, account.name, None, method, visitor, ends_ms)
        account_rows.note_sign_in(connection, account.name, now_ms)
        record(
            connection, Actor(account.name, "account", visitor.address), now_ms, "signed_in", account.name, method
        )
        _log.info("%s has signed in from %s", account.name, visitor.address)
        device = self._devices.cookie(account.name)
        return SignedIn(secret, self._rules.longest_ms // 1000, account.name, device, bool(account.password))

    def _add_session(
        self,
        connection: Connection,
        account: str,
        token: int | None,
        method: Method,
        visitor: Visitor,
        ends_ms: int,
    ) -> str:
        secret, now_ms = new_secret(), self._clock_ms()
        session = Session(
            id=secret_hash(secret),
            account=account,
            token=token,
            method=method,
            created_ms=now_ms,
            seen_ms=now_ms,
            ends_ms=ends_ms,
            address=visitor.address[:45],
            browser=visitor.browser[:200],
        )
        session_rows.add_session(connection, session)
        return secret

    def _note_failure(self, account: Account | None, visitor: Visitor) -> None:
        if account is None:  # the name may be a password in the wrong field: it is written nowhere
            _log.warning("%s has tried to sign in with a name that no account has", visitor.address)
            return
        _log.warning("%s has tried to sign in to account %s in vain", visitor.address, account.name)
        with self._store.begin() as connection:
            actor = Actor(account.name, STRANGER, visitor.address)
            detail = "disabled" if account.disabled_ms is not None else ""
            record(connection, actor, self._clock_ms(), "sign_in_refused", account.name, detail)
