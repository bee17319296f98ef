"""Changes of the inventory as they are kept: what was added, changed or removed, and since when that was true."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pantau_collector.inventory.check import Key, key_of
from pantau_collector.inventory.model import Inventory

BEGINNING_MS = 0
"""Since when the first inventory that was ever recorded is held to be true, UTC ms."""

Entry = tuple[str, Key]
"""What identifies an entry of an inventory: its table and its key."""


class Change(NamedTuple):
    """An entry as it became: its values that differ from the defaults, or None if it was removed.

    `time_ms` is when the collector loaded it; all changes of one load have the same.
    """

    id: int
    time_ms: int
    entry: Entry
    entry_json: str | None


class Move(NamedTuple):
    """What a person said of a change: that it was true from `to_ms` on. `change` is its id; UTC ms."""

    id: int
    change: int
    to_ms: int
    reason: str
    by: str
    created_ms: int


class Since(NamedTuple):
    """A change, and since when (UTC ms) it holds."""

    from_ms: int
    change: Change


def difference(known: Mapping[Entry, str | None], inventory: Inventory) -> list[tuple[Entry, str | None]]:
    """Return each entry that is not as it is known, with its JSON; None for one that is not there any more."""
    now: dict[Entry, str | None] = {}
    for table, entry in inventory.listed():
        if key := key_of(table, vars(entry)):
            values = entry.model_dump(mode="json", exclude_defaults=True)
            now[table, key] = json.dumps(values, sort_keys=True, ensure_ascii=False)
    changed = [(entry, text) for entry, text in now.items() if known.get(entry) != text]
    return changed + [(entry, None) for entry, text in known.items() if text is not None and entry not in now]


def in_effect(changes: Iterable[Change], moves: Iterable[Move]) -> dict[Entry, list[Since]]:
    """Return the changes of each entry in their order, each with since when it holds.

    The first inventory holds from the beginning. A change holds since it was loaded, or since the time that the
    last move of it says. None holds longer than until a later one of the same entry does.
    """
    changes = sorted(changes)
    first_ms = changes[0].time_ms if changes else BEGINNING_MS
    moved = {move.change: move.to_ms for move in sorted(moves)}
    found: dict[Entry, list[Since]] = {}
    for change in reversed(changes):
        from_ms = moved.get(change.id, BEGINNING_MS if change.time_ms == first_ms else change.time_ms)
        later = found.setdefault(change.entry, [])
        if later:
            from_ms = min(from_ms, later[-1].from_ms)
        later.append(Since(from_ms, change))
    for its in found.values():
        its.reverse()
    return found
