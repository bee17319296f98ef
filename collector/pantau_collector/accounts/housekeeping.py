"""Writes what has gathered about sessions and looks, and removes what has ended, on a thread of its own."""

from collections.abc import Callable

from pantau_collector.access import attempts
from pantau_collector.accounts.audit_log import AuditLog
from pantau_collector.accounts.recognition import Recognition
from pantau_collector.accounts.session_rules import SCREEN_IDLE_MS, SessionRules
from pantau_collector.periodic import PeriodicThread
from pantau_collector.store import (
    Store,
    StoreError,
    account_rows,
    attempt_rows,
    audit_rows,
    session_rows,
    token_rows,
)

EVERY_S = 5.0
"""Seconds between writes."""
_REMOVE_EVERY_MS = 600_000
_DAY_MS = 86_400_000
_ROWS_AT_ONCE = 1000


class AccessHousekeeping:
    """Keeps entries of the audit log for `keep_audit_days`, and nothing that has ended."""

    def __init__(
        self,
        store: Store,
        recognition: Recognition,
        audit_log: AuditLog,
        rules: SessionRules,
        keep_audit_days: int,
        clock_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._recognition = recognition
        self._audit_log = audit_log
        self._rules = rules
        self._keep_audit_days = keep_audit_days
        self._clock_ms = clock_ms
        self._removed_ms = 0
        self._thread = PeriodicThread(
            "access",
            self._step,
            failure="what was seen and done cannot be written to the state",
            first_wait_s=EVERY_S,
            retry_s=EVERY_S,
            expected=(StoreError,),
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and write what has gathered."""
        self._thread.stop()
        self.write()

    def write(self) -> None:
        """Write when sessions and tokens were used last, and the audit log.

        Raises:
            StoreError: the state cannot be written.
        """
        self._audit_log.flush()
        seen, used = self._recognition.take_uses()
        if seen or used:
            with self._store.begin() as connection:
                session_rows.note_seen(connection, seen)
                token_rows.note_used(connection, used)

    def remove_old(self) -> int:
        """Remove what has ended, and up to a thousand old entries; return the number of these.

        Raises:
            StoreError: nothing was removed.
        """
        now_ms = self._clock_ms()
        longest_window_ms = 1000 * max(
            limit.window_s for limit in (attempts.PER_ACCOUNT, attempts.PER_ADDRESS, attempts.PER_DEVICE)
        )
        with self._store.begin() as connection:
            session_rows.drop_ended(connection, now_ms, self._rules.idle_ms, SCREEN_IDLE_MS)
            account_rows.drop_ended_links(connection, now_ms)
            attempt_rows.drop_before(connection, now_ms - longest_window_ms)
            before_ms = now_ms - self._keep_audit_days * _DAY_MS
            return audit_rows.drop_entries_before(connection, before_ms, _ROWS_AT_ONCE)

    def _step(self) -> float:
        self.write()
        now_ms = self._clock_ms()
        if now_ms - self._removed_ms >= _REMOVE_EVERY_MS and self.remove_old() < _ROWS_AT_ONCE:
            self._removed_ms = now_ms
        return EVERY_S
