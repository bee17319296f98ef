"""Tables of an earlier version become those of this one, so that an upgrade forgets no outage and no notice."""

import json
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Column, Connection, inspect, text, update

from pantau_collector.store.schema import cursors, incidents, metadata, notices, outbox, symptoms

KNOWN = {"1"}
"""Versions that can be brought up to date. Only SQLite held any of them."""
_GROWN = (cursors, symptoms, incidents)
_OF_ONE_LETTER = itemgetter("incident", "kind", "recipient")
_BEFORE = {int: "0", float: "0", bool: "0", str: "''"}
"""What a column that was not there yet says in older rows."""


def upgrade(connection: Connection) -> None:
    """From version 1, where the outbox held the notices themselves, within the connection's transaction."""
    connection.exec_driver_sql(
        "BEGIN IMMEDIATE"
    )  # Python's sqlite3 begins none by itself before a change of tables
    sent = connection.execute(text("SELECT * FROM outbox ORDER BY incident, kind, recipient, id")).mappings().all()
    outbox.drop(connection)
    for table in _GROWN:
        there = {column["name"] for column in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                connection.exec_driver_sql(
                    f"ALTER TABLE {table.name} ADD COLUMN {_definition(column, connection)}"
                )
    connection.execute(update(incidents).values(waiting_s=incidents.c.opened_s))
    metadata.create_all(connection)
    for letter, (_, rows) in enumerate(groupby(sent, _OF_ONE_LETTER), start=1):
        for i, row in enumerate(rows):
            same = {key: row[key] for key in ("kind", "recipient", "created_ms")} | {"letter": letter}
            if i == 0:
                facts = {"incident": row["incident"], "notice_json": row["notice_json"]}
                ready = {"id": letter, "step": "", "ready_ms": row["created_ms"], "held": False}
                connection.execute(notices.insert(), same | facts | ready)
            way = {key: row[key] for key in ("channel", "status", "attempts", "finished_ms", "error")}
            about = {"form": "single", "incidents_json": json.dumps([row["incident"]])}
            connection.execute(outbox.insert(), same | way | about)


def _definition(column: Column[object], connection: Connection) -> str:
    kind = column.type.compile(connection.dialect)
    if column.nullable:
        return f"{column.name} {kind}"
    before = "'[]'" if column.name.endswith("_json") else _BEFORE[column.type.python_type]
    return f"{column.name} {kind} NOT NULL DEFAULT {before}"
