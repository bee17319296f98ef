"""Ids by what people call things."""

from collections.abc import Iterable

from pantau_collector.inventory.check import Placed


class Names:
    """An id goes before a name; a name that two things of a table have means neither."""

    def __init__(self, placed: Iterable[Placed]) -> None:
        self._ids: dict[str, set[str]] = {}
        self._by_name: dict[str, dict[str, str | None]] = {}
        for each in placed:
            self._ids.setdefault(each.table, set()).add(each.entry.id)
            if each.entry.name:
                self._learn(each.table, _plain(each.entry.name), each.entry.id)

    def id_of(self, table: str, text: str) -> str:
        """The id that the text is, or of what is called so; the text itself if nothing is."""
        if text in self._ids.get(table, ()):
            return text
        return self._by_name.get(table, {}).get(_plain(text)) or text

    def ids(self, table: str) -> list[str]:
        """The ids of a table, in order."""
        return sorted(self._ids.get(table, ()))

    def _learn(self, table: str, name: str, its_id: str) -> None:
        names = self._by_name.setdefault(table, {})
        if names.setdefault(name, its_id) != its_id:
            names[name] = None


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
