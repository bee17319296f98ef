"""The audit log of what many people look at: gathered, and written a few times a minute.

What people change is recorded in the transaction that changes it (`actor.record`). Looks at pictures are many, so
they wait here, and each is written once an hour for each person and camera.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable

from pantau_collector.access.audit_entry import AuditEntry
from pantau_collector.accounts.actor import Actor
from pantau_collector.store import Store, audit_rows

AGAIN_MS = 3_600_000
"""Milliseconds after which the same look is written again: a wall asks for the same picture all day."""
_MAX_REMEMBERED = 100_000
"""Looks that are remembered at most; one that is forgotten is written again."""
_MAX_WAITING = 20_000
"""Entries that wait to be written at most."""

_log = logging.getLogger(__name__)


class AuditLog:
    """Gathers entries from any thread; `flush` writes them."""

    def __init__(self, store: Store, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._waiting: deque[AuditEntry] = deque()
        self._looks: dict[tuple[str, str, str, str], int] = {}
        self._lost = 0
        self._lock = threading.Lock()

    def add(self, actor: Actor, action: str, target: str = "", detail: str = "") -> None:
        """Add an entry. If too many wait, because the state cannot be written, it is counted as lost."""
        entry = actor.entry(self._clock_ms(), action, target, detail)
        with self._lock:
            self._append(entry)

    def add_look(self, actor: Actor, action: str, target: str) -> None:
        """Add an entry for a look, unless there was one within the hour."""
        key, now_ms = (actor.kind, actor.who, action, target), self._clock_ms()
        with self._lock:
            if now_ms - self._looks.get(key, -AGAIN_MS) < AGAIN_MS:
                return
            self._looks.pop(key, None)
            self._looks[key] = now_ms
            if len(self._looks) > _MAX_REMEMBERED:
                del self._looks[next(iter(self._looks))]
            self._append(actor.entry(now_ms, action, target))

    def flush(self) -> int:
        """Write what waits in one transaction, and return the number of entries.

        Raises:
            StoreError: nothing was written; the entries wait on.
        """
        with self._lock:
            entries = list(self._waiting)
            lost, self._lost = self._lost, 0
        if lost:
            _log.error("%d entries of the audit log are lost, because the state could not be written", lost)
        if not entries:
            return 0
        with self._store.begin() as connection:
            audit_rows.add_entries(connection, entries)
        with self._lock:
            for _ in entries:
                self._waiting.popleft()
        return len(entries)

    def _append(self, entry: AuditEntry) -> None:
        if len(self._waiting) >= _MAX_WAITING:
            self._lost += 1
        else:
            self._waiting.append(entry)
