"""Which of two collectors is the active one.

The one that holds an advisory lock of their PostgreSQL is. The lock belongs to a connection: when its process dies
the server gives it free at once, and when its machine is gone, or hangs, or its network swallows what it sends, as
soon as nothing has been asked over the connection for some seconds. An active collector that loses it must end.
What it may be writing just then is refused by the store, which knows who took over last.
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
"""libpq's settings, under which either side notices within seconds that the other is gone. A collector that is
gone in the middle of a transaction must not keep what it has locked."""
_SET_IDLE = "SELECT set_config(name, '7s', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
"""For the lock's connection, over which `keep` asks each 2 s; PostgreSQL knows it from 14 on."""
_KEY = int.from_bytes(b"pantau")
_log = logging.getLogger(__name__)


class Leadership(Protocol):
    """Asked by one thread."""

    def gain(self) -> bool:
        """Tries to become the active one; whether it is."""

    def keep(self) -> bool:
        """Whether no other has become the active one since."""

    def release(self) -> None:
        """Lets another be the active one."""


class Alone:
    """The only collector is always the active one."""

    def gain(self) -> bool:
        """It is."""
        return True

    def keep(self) -> bool:
        """Nobody else can be."""
        return True

    def release(self) -> None:
        """There is nobody to let."""


class AdvisoryLock:
    """The lock, on a connection of its own."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=CONNECT)
        self._connection: Connection | None = None
        self._failing = False

    def gain(self) -> bool:
        """Tries to take the lock; False also while the database cannot be reached."""
        return self._try() is True

    def keep(self) -> bool:
        """Whether the lock is held still, or anew. While the database is away nobody can hold it."""
        if self._connection is not None:
            try:
                self._connection.execute(text("SELECT 1"))
            except SQLAlchemyError as error:
                self._drop(error)
            else:
                return True
        return self._try() is not False

    def release(self) -> None:
        """Gives the lock free."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None
        self._engine.dispose()

    def _try(self) -> bool | None:
        """Whether the lock is ours; None: nobody can tell."""
        try:
            connection = self._engine.connect()
            connection.execute(text(_SET_IDLE))
            mine = bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY}).scalar_one())
        except SQLAlchemyError as error:
            self._drop(error)
            return None
        self._failing = False
        if mine:
            self._connection = connection
        else:
            connection.close()
        return mine

    def _drop(self, error: SQLAlchemyError) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None
        if not self._failing:
            where = self._engine.url.render_as_string()
            _log.warning("%s cannot be reached; it is tried again: %s", where, getattr(error, "orig", error))
            self._failing = True
