"""Opens the database, checks its version, and runs transactions in it."""

import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Table,
    and_,
    bindparam,
    create_engine,
    delete,
    event,
    inspect,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from pantau_collector.store import access_tables, layout, schema, upgrade  # noqa: F401 # its tables are made with the others

_BUSY_S = 10
"""Seconds for which SQLite waits for another process's transaction."""
_TERM = "term"
"""The key of the row that counts the take-overs."""


class StoreError(Exception):
    """The database cannot be used; the text says which, why, and what to do."""


class Store:
    """The database of the collector's state. Any thread may begin a transaction of its own.

    `installation` is a random name that the database was given when it was created.
    """

    def __init__(self, url: str | URL, **options: Any) -> None:
        """Open the database of an SQLAlchemy URL, and create its tables if it has none.

        Raises:
            StoreError: the database cannot be opened, or is of another version.
        """
        self._engine = create_engine(url, **options)
        self._term: int | None = None
        self.superseded = False
        """True once another collector has taken over; nothing can be written then."""
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _make_durable)
        try:
            self.installation = _prepare(self._engine)
        except SQLAlchemyError as error:
            raise StoreError(f"{self._where}: {_reason(error)}") from None

    @classmethod
    def at(cls, path: Path) -> "Store":
        """Open the store in an SQLite file.

        Raises:
            StoreError: the file cannot be opened, or is of another version.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: its folder cannot be made: {error.strerror}") from None
        return cls(f"sqlite:///{path}")

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Run one transaction, which is durable when it ends.

        Raises:
            StoreError: the transaction failed, and nothing of it was written.
        """
        try:
            with self._engine.begin() as connection:
                if self._term is not None and _term(connection) != self._term:
                    self.superseded = True
                    raise StoreError(
                        f"{self._where}: another collector has taken over, and this one may not write"
                    )
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"{self._where}: {_reason(error)}") from None

    def take_over(self) -> None:
        """Make this collector the only one whose transactions are accepted from now on.

        Raises:
            StoreError: it did not become the only one.
        """
        with self.begin() as connection:
            term = _term(connection, for_update=True) + 1
            put_rows(connection, schema.about, [{"key": _TERM, "value": str(term)}])
        self._term = term

    @property
    def _where(self) -> str:
        return self._engine.url.render_as_string()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def put_rows(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows, replacing those with the same primary key."""
    rows = list(rows)
    if rows:
        drop_rows(connection, table, rows)
        connection.execute(table.insert(), rows)


def drop_rows(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Delete the rows with the primary keys of `rows`."""
    keys = [{f"key_{column.name}": row[column.name] for column in table.primary_key} for row in rows]
    if keys:
        connection.execute(_delete_by_key(table), keys)


@cache
def _delete_by_key(table: Table) -> Delete:
    same: list[ColumnElement[bool]] = [column == bindparam(f"key_{column.name}") for column in table.primary_key]
    return delete(table).where(and_(*same))


def _make_durable(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_S * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare(engine: Engine) -> str:
    about = schema.about
    with engine.begin() as connection:
        found = _load_about(connection) if inspect(connection).has_table(about.name) else {}
        if (version := found.get("version")) in upgrade.KNOWN:
            upgrade.upgrade(connection, version)
            now = {_TERM: "0"} | found | {"version": str(schema.VERSION)}
            put_rows(connection, about, [{"key": key, "value": value} for key, value in now.items()])
    schema.metadata.create_all(engine)
    with engine.begin() as connection:
        found = _load_about(connection)
        if not found:
            found = {"version": str(schema.VERSION), "installation": secrets.token_hex(4), _TERM: "0"}
            put_rows(connection, about, [{"key": key, "value": value} for key, value in found.items()])
        if found["version"] != str(schema.VERSION):
            raise StoreError(layout.refusal(engine.url.render_as_string(), found["version"]))
        return str(found["installation"])


def _load_about(connection: Connection) -> dict[str, str]:
    return {row.key: row.value for row in connection.execute(select(schema.about))}


def _term(connection: Connection, *, for_update: bool = False) -> int:
    """Return the number of the latest take-over; it cannot change before the transaction that reads it ends."""
    row = select(schema.about.c.value).where(schema.about.c.key == _TERM).with_for_update(read=not for_update)
    return int(connection.execute(row).scalar_one())


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error)
