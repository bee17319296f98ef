"""Upgrades the tables of an earlier version, so that no outage and no notice is lost."""

import json
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Column, Connection, inspect, text, update

from pantau_collector.store.schema import cursors, incidents, metadata, notices, outbox, symptoms

KNOWN = {"1", "2"}
"""Versions that can be upgraded. Version 1 was kept in SQLite only; version 2 lacked tables, and nothing else."""
_WIDENED_TABLES = (cursors, symptoms, incidents)
_LETTER_KEY = itemgetter("incident", "kind", "recipient")
_DEFAULTS = {int: "0", float: "0", bool: "0", str: "''"}
"""The value of a new column in older rows, by its type."""


def upgrade(connection: Connection, version: str) -> None:
    """Upgrade the tables of a known version within the connection's transaction."""
    if version == "1":
        _upgrade_1(connection)
    else:
        metadata.create_all(connection)


def _upgrade_1(connection: Connection) -> None:
    """Upgrade version 1, whose outbox held the notices themselves."""
    # Python's sqlite3 does not begin a transaction by itself before a change of tables.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    letters = (
        connection.execute(text("SELECT * FROM outbox ORDER BY incident, kind, recipient, id")).mappings().all()
    )
    outbox.drop(connection)
    for table in _WIDENED_TABLES:
        existing = {column["name"] for column in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in existing:
                connection.exec_driver_sql(
                    f"ALTER TABLE {table.name} ADD COLUMN {_definition(column, connection)}"
                )
    connection.execute(update(incidents).values(waiting_s=incidents.c.opened_s))
    metadata.create_all(connection)
    for letter, (_, rows) in enumerate(groupby(letters, _LETTER_KEY), start=1):
        for i, row in enumerate(rows):
            shared = {key: row[key] for key in ("kind", "recipient", "created_ms")} | {"letter": letter}
            if i == 0:
                facts = {"incident": row["incident"], "notice_json": row["notice_json"]}
                ready = {"id": letter, "step": "", "ready_ms": row["created_ms"], "held": False}
                connection.execute(notices.insert(), shared | facts | ready)
            attempt = {key: row[key] for key in ("channel", "status", "attempts", "finished_ms", "error")}
            content = {"form": "single", "incidents_json": json.dumps([row["incident"]])}
            connection.execute(outbox.insert(), shared | attempt | content)


def _definition(column: Column[object], connection: Connection) -> str:
    kind = column.type.compile(connection.dialect)
    if column.nullable:
        return f"{column.name} {kind}"
    default = "'[]'" if column.name.endswith("_json") else _DEFAULTS[column.type.python_type]
    return f"{column.name} {kind} NOT NULL DEFAULT {default}"
