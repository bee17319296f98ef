"""Decides which of two collectors is the active one: the holder of an advisory lock in their PostgreSQL.

The lock belongs to a connection. If the holder's process dies, the server releases the lock at once; if its
machine is gone or hangs, or its network drops packets, the server does so after a few seconds without a query. An
active collector that loses the lock must end. What it is still writing then is refused by the store, which knows
who took over last.
"""

import logging
from typing import Any, Protocol

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

_SERVER_SETTINGS = {
    "tcp_keepalives_idle": 3,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": 3,
    "idle_in_transaction_session_timeout": 6000,
}
CONNECT: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
    "options": " ".join(f"-c {name}={value}" for name, value in _SERVER_SETTINGS.items()),
}
"""Connection settings of libpq by which either side notices within seconds that the other is gone.

The server ends the transaction of a collector that is gone, and so releases what it had locked.
"""
_SET_IDLE = "SELECT set_config(name, '7s', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
"""Limits the idle time of the lock's connection, on which `keep` queries each 2 s; exists since PostgreSQL 14."""
_LOCK_KEY = int.from_bytes(b"pantau")
_log = logging.getLogger(__name__)


class Leadership(Protocol):
    """Decides whether this collector is the active one; used by one thread."""

    def gain(self) -> bool:
        """Try to become the active collector, and return True if this is it."""

    def keep(self) -> bool:
        """Return False once another collector has become the active one."""

    def release(self) -> None:
        """Let another collector become the active one."""


class Alone:
    """The leadership of a collector that is the only one, and therefore always active."""

    def gain(self) -> bool:
        """Return True."""
        return True

    def keep(self) -> bool:
        """Return True."""
        return True

    def release(self) -> None:
        """Do nothing."""


class AdvisoryLock:
    """The leadership of one of two collectors: an advisory lock, on a connection of its own."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=CONNECT)
        self._connection: Connection | None = None
        self._failing = False

    def gain(self) -> bool:
        """Try to take the lock, and return True if it is held; False if the database cannot be reached."""
        return self._try_lock() is True

    def keep(self) -> bool:
        """Return False if another collector holds the lock. While the database is away, nobody can hold it."""
        if self._connection is not None:
            try:
                self._connection.execute(text("SELECT 1"))
            except SQLAlchemyError as error:
                self._disconnect(error)
            else:
                return True
        return self._try_lock() is not False

    def release(self) -> None:
        """Release the lock."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None
        self._engine.dispose()

    def _try_lock(self) -> bool | None:
        """Try to take the lock. Return None if the database cannot be reached."""
        try:
            connection = self._engine.connect()
            connection.execute(text(_SET_IDLE))
            acquired = bool(
                connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK_KEY}).scalar_one()
            )
        except SQLAlchemyError as error:
            self._disconnect(error)
            return None
        self._failing = False
        if acquired:
            self._connection = connection
        else:
            connection.close()
        return acquired

    def _disconnect(self, error: SQLAlchemyError) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None
        if not self._failing:
            where = self._engine.url.render_as_string()
            _log.warning("%s cannot be reached; it is tried again: %s", where, getattr(error, "orig", error))
            self._failing = True
