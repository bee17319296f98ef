"""Sessions as rows: which browsers are signed in."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, or_, select, update

from pantau_collector.access.sign_in_session import Method, Session
from pantau_collector.store.access_tables import sessions


def add_session(connection: Connection, session: Session) -> None:
    """Add a session."""
    connection.execute(sessions.insert(), [msgspec.structs.asdict(session)])


def load_session(connection: Connection, session: str) -> Session | None:
    """Load the session of an id, or None if there is none."""
    row = connection.execute(select(sessions).where(sessions.c.id == session)).first()
    return _session(row) if row else None


def load_sessions(connection: Connection, account: str | None = None) -> list[Session]:
    """Load all sessions, or those of an account; the one that was used last comes first."""
    query = select(sessions).order_by(sessions.c.seen_ms.desc(), sessions.c.id)
    if account is not None:
        query = query.where(sessions.c.account == account)
    return [_session(row) for row in connection.execute(query)]


def note_seen(connection: Connection, seen: Mapping[str, int]) -> None:
    """Note when sessions were used last (UTC ms), by id."""
    if seen:
        statement = update(sessions).where(sessions.c.id == bindparam("session")).values(seen_ms=bindparam("ms"))
        connection.execute(statement, [{"session": key, "ms": ms} for key, ms in seen.items()])


def end_session(connection: Connection, session: str) -> bool:
    """End a session. Return False if there is none of that id."""
    return connection.execute(delete(sessions).where(sessions.c.id == session)).rowcount > 0


def end_sessions(connection: Connection, account: str, *, but: str = "") -> int:
    """End all sessions of an account but one, and return their number."""
    return connection.execute(delete(sessions).where(sessions.c.account == account, sessions.c.id != but)).rowcount


def end_sessions_of_token(connection: Connection, token: int) -> int:
    """End all sessions that a screen token has begun, and return their number."""
    return connection.execute(delete(sessions).where(sessions.c.token == token)).rowcount


def drop_ended(connection: Connection, now_ms: int, idle_ms: int, screen_idle_ms: int) -> int:
    """Remove the sessions that have ended, or were not used for so long, and return their number."""
    is_screen = sessions.c.account == ""
    return connection.execute(
        delete(sessions).where(
            or_(
                sessions.c.ends_ms <= now_ms,
                ~is_screen & (sessions.c.seen_ms <= now_ms - idle_ms),
                is_screen & (sessions.c.seen_ms <= now_ms - screen_idle_ms),
            )
        )
    ).rowcount


def _session(row: Row[Any]) -> Session:
    values = {name: getattr(row, name) for name in Session.__struct_fields__}
    return Session(**values | {"method": Method(row.method)})
