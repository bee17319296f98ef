"""What is wrong with an inventory as a whole: doubles, unknown names, loops."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pantau_collector.inventory.model import Party, Thing
from pantau_service.settings import did_you_mean

TABLES = ("owner", "maintainer", "uplink", "site", "device", "camera")

_POINTS_TO = {
    "uplink": {"via": "uplink", "owner": "owner", "maintainer": "maintainer"},
    "site": {"uplink": "uplink", "owner": "owner", "maintainer": "maintainer"},
    "device": {"site": "site", "via": "device", "owner": "owner", "maintainer": "maintainer"},
    "camera": {"site": "site", "via": "device", "owner": "owner", "maintainer": "maintainer"},
}
"""By table: which of its keys hold an id of which table."""
_OF_A_SITE = ("device", "camera")

Key = tuple[str, ...]
Where = Callable[[str | None], str]


class Named(NamedTuple):
    """An entry's table, its key within that, and its place for people: of one of its keys, or (None) its own.

    A camera's and a device's key is site and id, for their ids are their site's business.
    """

    table: str
    key: Key
    where: Where


class Placed(NamedTuple):
    """An entry that is right in itself, and where it stands, as `Named` has it."""

    table: str
    key: Key
    where: Where
    entry: Party | Thing


def key_of(table: str, entry: Mapping[str, Any]) -> Key | None:
    """What tells an entry from the others of its table; None if it does not say so."""
    parts = [entry.get(part) for part in (("site", "id") if table in _OF_A_SITE else ("id",))]
    texts = [part for part in parts if isinstance(part, str)]
    return tuple(texts) if len(texts) == len(parts) else None


def problems(placed: Sequence[Placed], named: Sequence[Named | Placed] | None = None) -> list[str]:
    """A line for everything that is wrong.

    Args:
        placed: every entry that is right in itself.
        named: these and those that are not, which exist all the same; without it there are none of the latter.
    """
    existing = placed if named is None else named
    return [*doubles(existing), *_unknown(placed, existing), *_loops(placed)]


def doubles(entries: Iterable[Named | Placed]) -> list[str]:
    """A line for each entry that stands somewhere else before."""
    first: dict[tuple[str, Key], Named | Placed] = {}
    return [
        f"{each.where('id')}: expected each {each.table} once, and `{'/'.join(each.key)}` stands in"
        f" {known.where(None)} too"
        for each in entries
        if (known := first.setdefault((each.table, each.key), each)) is not each
    ]


def _unknown(placed: Iterable[Placed], existing: Iterable[Named | Placed]) -> list[str]:
    known: dict[str, set[str]] = {table: set() for table in TABLES}
    devices: dict[str, set[str]] = {}
    for named in existing:
        known[named.table].add(named.key[-1])
        if named.table == "device":
            devices.setdefault(named.key[0], set()).add(named.key[-1])
    lines = []
    for each in placed:
        for key, table in _POINTS_TO.get(each.table, {}).items():
            value = getattr(each.entry, key)
            ids = devices.get(each.key[0], set()) if table == "device" else known[table]
            if value and value not in ids:
                there = f" at site `{each.key[0]}`" if table == "device" else ""
                hint = did_you_mean(value, sorted(ids))
                lines.append(f"{each.where(key)}: there is no {table} `{value}`{there}; {hint}")
    return lines


def _loops(placed: Iterable[Placed]) -> list[str]:
    """A line for each ring of things that are connected via each other, at the first of them."""
    lines = []
    things = {(each.table, each.key): each for each in placed if each.table in ("uplink", "device")}
    seen: set[tuple[str, Key]] = set()
    for start in things:
        path: list[tuple[str, Key]] = []
        at: tuple[str, Key] | None = start
        while at is not None and at in things and at not in seen:
            seen.add(at)
            path.append(at)
            via = getattr(things[at].entry, "via", "")
            at = (at[0], (*at[1][:-1], via)) if via else None
        if at in path:
            ring = path[path.index(at) :]
            names = " -> ".join(f"`{key[-1]}`" for _, key in [*ring, ring[0]])
            lines.append(f"{things[ring[0]].where('via')}: expected a way that ends, and it is a ring: {names}")
    return lines
