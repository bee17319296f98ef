"""The inventory's history as rows: its changes, and what people said about since when they were true."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from pantau_collector.inventory import Inventory
from pantau_collector.inventory.check import Key
from pantau_collector.inventory.history import InventoryHistory
from pantau_collector.inventory.history_changes import BEGINNING_MS, Change, Entry, Move, difference
from pantau_collector.store.schema import inventory_changes, inventory_moves

MOST_ROWS = 300_000
"""Changes that are kept. Beyond them the oldest are given up, and what came of them counts as the first."""

_GIVEN_UP, _NOBODY = "the changes before it were given up", "pantau-collector"
"""What is said of a change that counts for all the time before it."""


def record_inventory(
    connection: Connection, inventory: Inventory, *, now_ms: int, most_rows: int = MOST_ROWS
) -> int:
    """Record what in an inventory differs from the one that was recorded last, and return how many entries do."""
    newest = select(func.max(inventory_changes.c.id)).group_by(
        inventory_changes.c.kind, inventory_changes.c.site, inventory_changes.c.name
    )
    rows = connection.execute(select(inventory_changes).where(inventory_changes.c.id.in_(newest)))
    changed = difference({_entry(row): row.entry_json for row in rows}, inventory)
    if changed:
        connection.execute(inventory_changes.insert(), [_row(*each, now_ms) for each in changed])
        _shorten(connection, most_rows, now_ms)
    return len(changed)


def load_history(connection: Connection, *, otherwise: Inventory | None = None) -> InventoryHistory:
    """Load the whole history; `otherwise` is the inventory at all times if nothing was ever recorded."""
    return InventoryHistory(load_changes(connection), load_moves(connection), otherwise=otherwise)


def load_changes(connection: Connection) -> list[Change]:
    """Load every change, in order."""
    rows = connection.execute(select(inventory_changes).order_by(inventory_changes.c.id))
    return [Change(row.id, row.time_ms, _entry(row), row.entry_json) for row in rows]


def load_moves(connection: Connection) -> list[Move]:
    """Load what people said about changes, in order."""
    rows = connection.execute(select(inventory_moves).order_by(inventory_moves.c.id))
    return [Move(row.id, row.change, row.to_ms, row.reason, row.by, row.created_ms) for row in rows]


def newest_ids(connection: Connection) -> tuple[int, int]:
    """Return the ids of the last change and of the last thing that people said; 0 if there is none."""
    last = (select(func.max(table.c.id)) for table in (inventory_changes, inventory_moves))
    change, move = (connection.execute(query).scalar() or 0 for query in last)
    return change, move


def add_moves(
    connection: Connection, changes: Sequence[int], to_ms: int, *, reason: str, by: str, now_ms: int
) -> None:
    """Add that a person says since when these changes, by their ids, were true."""
    said = {"to_ms": to_ms, "reason": reason, "by": by, "created_ms": now_ms}
    if changes:
        connection.execute(inventory_moves.insert(), [{"change": change, **said} for change in changes])


def _shorten(connection: Connection, most_rows: int, now_ms: int) -> None:
    """Give up the older half of the changes that later ones have replaced, if there are too many.

    What was so at that time becomes the first inventory, also where people had said since when it was so.
    """
    table = inventory_changes
    count = connection.execute(select(func.count()).select_from(table)).scalar_one()
    newest = select(func.max(table.c.id)).group_by(table.c.kind, table.c.site, table.c.name)
    replaced = select(table.c.time_ms).where(table.c.id.not_in(newest)).order_by(table.c.id)
    times = list(connection.execute(replaced).scalars()) if count > most_rows else []
    if not times:
        return
    cut_ms = times[len(times) // 2]
    old = table.c.time_ms <= cut_ms
    replacing, said = newest.where(old).having(func.count() > 1), select(inventory_moves.c.change)
    first = select(table.c.id).where(table.c.id.in_(replacing), table.c.id.in_(said))
    add_moves(
        connection,
        list(connection.execute(first).scalars()),
        BEGINNING_MS,
        reason=_GIVEN_UP,
        by=_NOBODY,
        now_ms=now_ms,
    )
    connection.execute(delete(table).where(old, table.c.id.not_in(newest.where(old))))
    last = select(func.max(table.c.id)).scalar_subquery()
    connection.execute(delete(table).where(old, table.c.entry_json.is_(None), table.c.id < last))
    connection.execute(update(table).where(old).values(time_ms=cut_ms))


def _row(entry: Entry, text: str | None, now_ms: int) -> dict[str, Any]:
    table, key = entry
    site, name = key if len(key) > 1 else ("", key[0])
    return {"time_ms": now_ms, "kind": table, "site": site, "name": name, "entry_json": text}


def _entry(row: Row[Any]) -> Entry:
    key: Key = (row.site, row.name) if row.site else (row.name,)
    return row.kind, key
