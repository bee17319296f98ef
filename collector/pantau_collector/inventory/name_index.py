"""Finds ids by the names that people use."""

from collections.abc import Iterable

from pantau_collector.inventory.check import LocatedEntry


class NameIndex:
    """Maps names to ids, table by table. An id takes precedence; a name that two entries have is ambiguous."""

    def __init__(self, entries: Iterable[LocatedEntry]) -> None:
        self._ids: dict[str, set[str]] = {}
        self._by_name: dict[str, dict[str, str | None]] = {}
        for each in entries:
            self._ids.setdefault(each.table, set()).add(each.entry.id)
            if each.entry.name:
                self._add(each.table, _normalised(each.entry.name), each.entry.id)

    def id_of(self, table: str, text: str) -> str:
        """Return the id that a text is, or the id of the only entry of that name, or else the text itself."""
        if text in self._ids.get(table, ()):
            return text
        return self._by_name.get(table, {}).get(_normalised(text)) or text

    def ids(self, table: str) -> list[str]:
        """Return the ids of a table, sorted."""
        return sorted(self._ids.get(table, ()))

    def _add(self, table: str, name: str, entry_id: str) -> None:
        names = self._by_name.setdefault(table, {})
        if names.setdefault(name, entry_id) != entry_id:
            names[name] = None


def _normalised(name: str) -> str:
    return " ".join(name.casefold().split())
