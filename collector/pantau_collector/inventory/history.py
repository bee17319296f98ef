"""The inventory as it was at each time, out of its recorded changes and of what people said about them.

    history = load_history(connection)      # of store.inventory_rows
    history.at(ms)                          # the Inventory at a moment
    history.changes(from_ms, to_ms)         # the moments within a period at which it changed
    history.spans(site, from_ms, to_ms)     # a site's period, divided at what concerns the site

Before the first record the first one counts.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from pantau_collector.inventory.history_changes import BEGINNING_MS, Change, Move, Since, in_effect
from pantau_collector.inventory.history_changes import Entry as EntryKey
from pantau_collector.inventory.model import (
    Entry,
    Inventory,
    InventoryCamera,
    InventoryDevice,
    InventoryProject,
    InventorySite,
    InventoryUplink,
    Party,
    with_parties,
)

_MODELS: dict[str, type[Entry]] = {
    "owner": Party,
    "maintainer": Party,
    "project": InventoryProject,
    "uplink": InventoryUplink,
    "site": InventorySite,
    "device": InventoryDevice,
    "camera": InventoryCamera,
}
_OF_SITE = {"site", "device", "camera"}
_KEPT = 64
"""Inventories of different times that are kept for the next question; of a year there are rarely more."""
_NOWHERE = (0, None)
"""The number and entry of a site that is not listed."""
_OfSite = TypeVar("_OfSite", InventoryCamera, InventoryDevice)


class InventorySpan(NamedTuple):
    """A stretch of time in which nothing changed that concerns a site; UTC ms, `to_ms` not included."""

    from_ms: int
    to_ms: int
    inventory: Inventory


class InventoryHistory:
    """The inventory at each time. It is loaded once for any number of questions; any thread may ask."""

    def __init__(
        self, changes: Iterable[Change], moves: Iterable[Move] = (), *, otherwise: Inventory | None = None
    ) -> None:
        """Prepare the history.

        Args:
            changes: what was recorded.
            moves: what people said about changes; of several about the same change the last one counts.
            otherwise: the inventory at all times if nothing was recorded.
        """
        self.in_effect = dict(sorted(in_effect(changes, moves).items(), key=_in_listed_order))
        """The changes of each entry, each with since when it holds."""
        self._otherwise = otherwise or Inventory()
        self._moments = _moments(self.in_effect.values())
        self._of_site: dict[str, list[list[Since]]] = {}
        for (table, key), its in self.in_effect.items():
            if table in _OF_SITE:
                self._of_site.setdefault(key[0], []).append(its)
        self._entries: dict[int, Entry | None] = {}
        self._complete: dict[tuple[int, int], Any] = {}
        self._built = lru_cache(_KEPT)(self._build)

    def at(self, ms: int) -> Inventory:
        """Return the inventory as it was at a moment (UTC ms)."""
        before = bisect_right(self._moments, ms)
        return self._built(self._moments[before - 1] if before else BEGINNING_MS)

    def changes(self, from_ms: int, to_ms: int) -> list[int]:
        """Return the moments within a period, its beginning not included, at which anything changed, in order."""
        return _within(self._moments, from_ms, to_ms)

    def spans(self, site: str, from_ms: int, to_ms: int) -> list[InventorySpan]:
        """Return a period as spans: divided where the site, its cameras, devices or uplinks changed.

        Names of owners and maintainers divide nothing. Sites that did not change share their inventories.
        """
        if from_ms >= to_ms:
            return []
        concerned = [*self._of_site.get(site, ()), *self._uplinks_of(site)]
        edges = [from_ms, *_within(_moments(concerned), from_ms, to_ms), to_ms]
        return [InventorySpan(begin, end, self.at(begin)) for begin, end in pairwise(edges)]

    def _uplinks_of(self, site: str) -> Iterator[list[Since]]:
        """Yield the changes of each uplink that the site was ever behind."""
        asked = {each.uplink for each in self._ever("site", site) if isinstance(each, InventorySite)}
        seen: set[str] = set()
        while asked:
            uplink = asked.pop()
            if uplink in seen or ("uplink", (uplink,)) not in self.in_effect:
                continue
            seen.add(uplink)
            asked |= {each.via for each in self._ever("uplink", uplink) if isinstance(each, InventoryUplink)}
            yield self.in_effect["uplink", (uplink,)]

    def _ever(self, table: str, name: str) -> Iterator[Entry]:
        for since in self.in_effect.get((table, (name,)), ()):
            if (entry := self._entry(since.change)) is not None:
                yield entry

    def _build(self, ms: int) -> Inventory:
        if not self.in_effect:
            return self._otherwise
        tables: dict[str, list[Any]] = {table: [] for table in _MODELS}
        sites: dict[str, tuple[int, InventorySite]] = {}
        for (table, _), its in self.in_effect.items():
            change = _last(its, ms)
            found = self._entry(change) if change else None
            if change is None or found is None:
                continue
            match found:
                case InventorySite():
                    sites[found.id] = change.id, found
                case InventoryCamera():
                    found = self._with_parties(change.id, found, *sites.get(found.site, _NOWHERE))
                case InventoryDevice():
                    found = self._with_parties(change.id, found, *sites.get(found.site, _NOWHERE))
            tables[table].append(found)
        return Inventory(
            owners=tables["owner"],
            maintainers=tables["maintainer"],
            projects=tables["project"],
            uplinks=tables["uplink"],
            sites=tables["site"],
            devices=tables["device"],
            cameras=tables["camera"],
        )

    def _entry(self, change: Change) -> Entry | None:
        """Return the entry that a change made. It was checked when it was recorded."""
        if change.id not in self._entries:
            model, text = _MODELS[change.entry[0]], change.entry_json
            self._entries[change.id] = _read(model, text) if text is not None else None
        return self._entries[change.id]

    def _with_parties(self, number: int, each: _OfSite, site_change: int, site: InventorySite | None) -> _OfSite:
        """Return a camera or device with its site's parties; the same one for every time at which it was so."""
        found = self._complete.get((number, site_change))
        if found is None:
            found = self._complete[number, site_change] = with_parties(each, site)
        return found


def _read(model: type[Entry], text: str) -> Entry:
    """Return an entry out of its JSON; only what is more than texts and numbers, as a date, is read again."""
    if model is InventoryProject:
        return InventoryProject.model_validate_json(text)
    return model.model_construct(**json.loads(text))


def _moments(changes: Iterable[Sequence[Since]]) -> list[int]:
    return sorted({since.from_ms for its in changes for since in its if since.from_ms > BEGINNING_MS})


def _within(moments: Sequence[int], from_ms: int, to_ms: int) -> list[int]:
    return list(moments[bisect_right(moments, from_ms) : bisect_left(moments, to_ms)])


def _last(its: Sequence[Since], ms: int) -> Change | None:
    """Return the last of an entry's changes that holds at a moment."""
    count = bisect_right(its, ms, key=lambda since: since.from_ms)
    return its[count - 1].change if count else None


def _in_listed_order(item: tuple[EntryKey, Sequence[Since]]) -> tuple[int, int]:
    """Sort sites before what has their parties, and each table in the order in which its entries were listed."""
    (table, _), its = item
    return list(_MODELS).index(table), its[0].change.id
