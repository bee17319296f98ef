"""The database itself: opened, checked, and one transaction at a time."""

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

from pantau_collector.store import schema, upgrade

_BUSY_S = 10
_TERM = "term"


class StoreError(Exception):
    """The database cannot be used; the text says which, why, and what to do."""


class Store:
    """What must neither be lost nor doubled. Any thread may begin a transaction of its own.

    `installation` is a random name that this database was given when it was made.
    """

    def __init__(self, url: str | URL, **options: Any) -> None:
        """Opens the database of an SQLAlchemy URL, and makes its tables if it has none.

        Raises:
            StoreError: it cannot be opened, or is of another version.
        """
        self._engine = create_engine(url, **options)
        self._term: int | None = None
        self.superseded = False
        """Another collector has taken over: nothing can be written any more."""
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _make_durable)
        try:
            self.installation = _prepare(self._engine)
        except SQLAlchemyError as error:
            raise StoreError(f"{self._where}: {_reason(error)}") from None

    @classmethod
    def at(cls, path: Path) -> "Store":
        """The store in an SQLite file.

        Raises:
            StoreError: it cannot be opened, or is of another version.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: its folder cannot be made: {error.strerror}") from None
        return cls(f"sqlite:///{path}")

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: all of it is on disk when it ends, or none.

        Raises:
            StoreError: it could not be done, and nothing of it was.
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
        """From now on only this store may begin a transaction, and none that was opened by another collector.

        Raises:
            StoreError: it could not be done.
        """
        with self.begin() as connection:
            term = _term(connection, to_change=True) + 1
            put_rows(connection, schema.about, [{"key": _TERM, "value": str(term)}])
        self._term = term

    @property
    def _where(self) -> str:
        return self._engine.url.render_as_string()

    def close(self) -> None:
        """Closes every connection."""
        self._engine.dispose()


def put_rows(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows in place of those with the same primary key."""
    rows = list(rows)
    if rows:
        drop_rows(connection, table, rows)
        connection.execute(table.insert(), rows)


def drop_rows(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Deletes rows by the primary keys that they hold."""
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
        found = _found(connection) if inspect(connection).has_table(about.name) else {}
        if found.get("version") in upgrade.KNOWN:
            upgrade.upgrade(connection)
            now = {"version": str(schema.VERSION), _TERM: "0"}
            put_rows(connection, about, [{"key": key, "value": value} for key, value in now.items()])
    schema.metadata.create_all(engine)
    with engine.begin() as connection:
        found = _found(connection)
        if not found:
            found = {"version": str(schema.VERSION), "installation": secrets.token_hex(4), _TERM: "0"}
            put_rows(connection, about, [{"key": key, "value": value} for key, value in found.items()])
        if found["version"] != str(schema.VERSION):
            url = engine.url.render_as_string()
            raise StoreError(
                f"{url}: its tables are of version {found['version']}, and this program knows {schema.VERSION}:"
                " run the version of pantau that made it, or move it away to begin anew"
            )
        return str(found["installation"])


def _found(connection: Connection) -> dict[str, str]:
    return {row.key: row.value for row in connection.execute(select(schema.about))}


def _term(connection: Connection, *, to_change: bool = False) -> int:
    """Which take-over this is. Nobody changes it before a transaction that has read it is over."""
    row = select(schema.about.c.value).where(schema.about.c.key == _TERM).with_for_update(read=not to_change)
    return int(connection.execute(row).scalar_one())


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error)
