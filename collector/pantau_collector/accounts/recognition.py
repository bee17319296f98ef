"""Finds out who asks, by a session's cookie or a token.

What was found is used again for a second, so that a page with sixty pictures asks the state once. So whoever is
disabled, signed out or revoked, by whichever process, is refused within a second.
"""

import threading
from collections.abc import Callable

from msgspec import Struct
from sqlalchemy import Connection

from pantau_collector.access.principal import Kind, Principal
from pantau_collector.access.role import Role
from pantau_collector.access.secret_text import MAX_SECRET, secret_hash
from pantau_collector.access.sign_in_session import Session
from pantau_collector.accounts.session_rules import SessionRules
from pantau_collector.store import Store, account_rows, session_rows, token_rows

FOUND_AGAIN_MS = 1000
"""Milliseconds for which what was found is used again."""
_MAX_FOUND = 4096
"""Findings that are kept at most."""


class Found(Struct, frozen=True):
    """What a secret is: a principal, or nobody. `ends_ms` is when the session ends (UTC), or the token."""

    principal: Principal | None
    found_ms: int
    ends_ms: int = 0
    session: Session | None = None
    token: int | None = None


class Recognition:
    """Knows who a secret belongs to. Any thread may ask."""

    def __init__(self, store: Store, rules: SessionRules, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._rules = rules
        self._clock_ms = clock_ms
        self._found: dict[tuple[str, str], Found] = {}
        self._seen: dict[str, int] = {}
        self._used: dict[int, int] = {}
        self._lock = threading.Lock()

    def recent(self, kind: str, secret: str) -> Found | None:
        """Return what was found within the last second, without asking the state; or None."""
        found = self._found.get((kind, secret_hash(secret)))
        if found is None or not 0 <= self._clock_ms() - found.found_ms < FOUND_AGAIN_MS:
            return None
        self._note_use(found)
        return found

    def by_session(self, secret: str) -> Found:
        """Return to whom the session of a cookie belongs.

        Raises:
            StoreError: the state cannot be read.
        """
        return self._find("session", secret, self._load_session)

    def by_token(self, secret: str) -> Found:
        """Return to whom a token belongs.

        Raises:
            StoreError: the state cannot be read.
        """
        return self._find("token", secret, self._load_token)

    def forget(self, secret: str) -> None:
        """Ask the state about a session again at its next request: it has ended, or begun."""
        with self._lock:
            self._found.pop(("session", secret_hash(secret)), None)

    def is_alive(self, principal: Principal) -> bool:
        """Return True unless a principal's session, or account, has ended; for streams that go on for long.

        Raises:
            StoreError: the state cannot be read.
        """
        if not principal.session:
            return True
        with self._store.begin() as connection:
            return self._load_session(connection, principal.session).principal is not None

    def take_uses(self) -> tuple[dict[str, int], dict[int, int]]:
        """Return when sessions and tokens were used since the last call (UTC ms), to be written."""
        with self._lock:
            seen, used, self._seen, self._used = self._seen, self._used, {}, {}
        return seen, used

    def _find(self, kind: str, secret: str, load: Callable[[Connection, str], Found]) -> Found:
        if len(secret) > MAX_SECRET:
            return Found(None, self._clock_ms())
        hashed = secret_hash(secret)
        with self._store.begin() as connection:
            found = load(connection, hashed)
        with self._lock:
            self._found.pop((kind, hashed), None)
            self._found[kind, hashed] = found
            if len(self._found) > _MAX_FOUND:
                del self._found[next(iter(self._found))]
        self._note_use(found)
        return found

    def _note_use(self, found: Found) -> None:
        if found.principal is None:
            return
        now_ms = self._clock_ms()
        with self._lock:
            if found.session is not None:
                self._seen[found.session.id] = now_ms
            if found.token is not None:
                self._used[found.token] = now_ms

    def _load_session(self, connection: Connection, hashed: str) -> Found:
        now_ms = self._clock_ms()
        session = session_rows.load_session(connection, hashed)
        if session is None or not self._rules.is_alive(session, now_ms):
            return Found(None, now_ms)
        if session.token is not None:
            token = token_rows.load_token(connection, session.token)
            if token is None or not token.is_valid(now_ms):
                return Found(None, now_ms)
            principal = Principal(token.name, Role.SCREEN, token.scope, "screen", session.id)
            return Found(principal, now_ms, session.ends_ms, session, token.id)
        if not session.account:
            return Found(None, now_ms)
        account = account_rows.load_account(connection, session.account)
        if account is None or account.disabled_ms is not None:
            return Found(None, now_ms)
        principal = Principal(account.name, account.role, account.scope, "account", session.id)
        return Found(principal, now_ms, session.ends_ms, session)

    def _load_token(self, connection: Connection, hashed: str) -> Found:
        now_ms = self._clock_ms()
        token = token_rows.find_token(connection, hashed)
        if token is None or not token.is_valid(now_ms):
            return Found(None, now_ms)
        kind: Kind = "screen" if token.kind == "screen" else "token"
        return Found(Principal(token.name, token.role, token.scope, kind), now_ms, token.ends_ms, None, token.id)
