"""Checks an inventory as a whole for duplicates, unknown ids and loops."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pantau_collector.inventory.model import Entry, InventoryProject
from pantau_service.settings import did_you_mean

TABLES = ("owner", "maintainer", "project", "uplink", "site", "device", "camera")
"""All tables of an inventory, in the order in which they are written."""

_REFERENCES = {
    "project": {"owner": "owner"},
    "uplink": {"via": "uplink", "owner": "owner", "maintainer": "maintainer"},
    "site": {"uplink": "uplink", "owner": "owner", "maintainer": "maintainer"},
    "device": {"site": "site", "via": "device", "owner": "owner", "maintainer": "maintainer"},
    "camera": {"site": "site", "via": "device", "owner": "owner", "maintainer": "maintainer"},
}
"""For each table the keys that hold an id, and the table that the id belongs to."""

_WITHIN_A_SITE = ("device", "camera")
"""Tables whose ids are unique within a site only."""

_HINTS = 50
"""Unknown ids for which the most similar known one is searched; that takes long where there are thousands."""

Key = tuple[str, ...]
"""What identifies an entry in its table: its id, or site and id in a table of `_WITHIN_A_SITE`."""

Locate = Callable[[str | None], str]
"""Returns the location of one of an entry's values for people, or of the entry itself for None."""


class LocatedKey(NamedTuple):
    """An entry's table, key and location; the entry itself may be invalid."""

    table: str
    key: Key
    where: Locate


class LocatedEntry(NamedTuple):
    """An entry that is valid by itself, with its table, key and location."""

    table: str
    key: Key
    where: Locate
    entry: Entry


def key_of(table: str, entry: Mapping[str, Any]) -> Key | None:
    """Return what identifies an entry in its table, or None if the entry does not say."""
    parts = [entry.get(part) for part in (("site", "id") if table in _WITHIN_A_SITE else ("id",))]
    texts = [part for part in parts if isinstance(part, str)]
    return tuple(texts) if len(texts) == len(parts) else None


def problems(
    entries: Sequence[LocatedEntry], existing: Sequence[LocatedKey | LocatedEntry] | None = None
) -> list[str]:
    """Return a line for everything that is wrong.

    Args:
        entries: every entry that is valid by itself.
        existing: the keys of all entries, invalid ones included, which may be referred to; None if all are valid.
    """
    known = entries if existing is None else existing
    return [*duplicates(known), *_unknown(entries, known), *_namesakes(entries), *_loops(entries)]


def duplicates(entries: Iterable[LocatedKey | LocatedEntry]) -> list[str]:
    """Return a line for each entry whose key occurred before."""
    first: dict[tuple[str, Key], LocatedKey | LocatedEntry] = {}
    return [
        f"{each.where('id')}: expected each {each.table} once, and `{'/'.join(each.key)}` stands in"
        f" {known.where(None)} too"
        for each in entries
        if (known := first.setdefault((each.table, each.key), each)) is not each
    ]


def _unknown(entries: Iterable[LocatedEntry], existing: Iterable[LocatedKey | LocatedEntry]) -> list[str]:
    """Return a line for each reference to an id that does not exist."""
    known: dict[str, set[str]] = {table: set() for table in TABLES}
    devices: dict[str, set[str]] = {}
    for each in existing:
        known[each.table].add(each.key[-1])
        if each.table == "device":
            devices.setdefault(each.key[0], set()).add(each.key[-1])
    lines: list[str] = []
    for entry in entries:
        for key, table in _REFERENCES.get(entry.table, {}).items():
            value = getattr(entry.entry, key)
            ids = devices.get(entry.key[0], set()) if table == "device" else known[table]
            if value and value not in ids:
                there = f" at site `{entry.key[0]}`" if table == "device" else ""
                hint = f"; {did_you_mean(value, sorted(ids))}" if len(lines) < _HINTS else ""
                lines.append(f"{entry.where(key)}: there is no {table} `{value}`{there}{hint}")
    return lines


def _namesakes(entries: Iterable[LocatedEntry]) -> list[str]:
    """Return a line for each project that is called as another one: no camera could say which it means."""
    first: dict[str, LocatedEntry] = {}
    lines = []
    for each in entries:
        if not isinstance(each.entry, InventoryProject):
            continue
        for spelling in {each.entry.id, each.entry.title}:
            known = first.setdefault(spelling, each)
            if known.key != each.key:
                where = each.where("name" if each.entry.name else "id")
                lines.append(f"{where}: expected another name, as {known.where(None)} is called `{spelling}` too")
    return lines


def _loops(entries: Iterable[LocatedEntry]) -> list[str]:
    """Return a line for each ring of uplinks or devices connected via each other, at the first one in it."""
    lines = []
    nodes = {(each.table, each.key): each for each in entries if each.table in ("uplink", "device")}
    seen: set[tuple[str, Key]] = set()
    for start in nodes:
        path: list[tuple[str, Key]] = []
        at: tuple[str, Key] | None = start
        while at is not None and at in nodes and at not in seen:
            seen.add(at)
            path.append(at)
            via = getattr(nodes[at].entry, "via", "")
            at = (at[0], (*at[1][:-1], via)) if via else None
        if at in path:
            ring = path[path.index(at) :]
            names = " -> ".join(f"`{key[-1]}`" for _, key in [*ring, ring[0]])
            lines.append(f"{nodes[ring[0]].where('via')}: expected a way that ends, and it is a ring: {names}")
    return lines
