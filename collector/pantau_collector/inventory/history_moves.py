"""Whether a change of the inventory may have been true since another time than it was recorded."""

from collections.abc import Iterable, Mapping, Sequence

from pantau_collector.inventory.history_changes import Entry, Since


class MoveError(Exception):
    """A change that cannot have been true since then; the text says why."""


def check_move(in_effect: Mapping[Entry, Sequence[Since]], changes: Iterable[int], to_ms: int) -> list[Since]:
    """Return the changes of these ids with since when they hold by now.

    Args:
        in_effect: the changes of each entry, as `InventoryHistory.in_effect`.
        changes: their ids.
        to_ms: since when they are all to hold, UTC ms.

    Raises:
        MoveError: there is no such change; or another change of the same entry, before or after it, would not.
    """
    moved = set(changes)
    found: list[Since] = []
    for its in in_effect.values():
        for i, since in enumerate(its):
            if since.change.id not in moved:
                continue
            found.append(since)
            earlier, later = its[i - 1 : i], its[i + 1 : i + 2]
            if any(to_ms < each.from_ms for each in earlier if each.change.id not in moved):
                raise MoveError(_conflict(since, earlier[0], "after", "before"))
            if any(to_ms > each.from_ms for each in later if each.change.id not in moved):
                raise MoveError(_conflict(since, later[0], "before", "after"))
    if missing := moved - {since.change.id for since in found}:
        raise MoveError(f"there is no change {min(missing)}")
    return sorted(found, key=lambda since: since.change.id)


def _conflict(since: Since, other: Since, came: str, wished: str) -> str:
    table, key = since.change.entry
    return (
        f"change {since.change.id} of {table} {'/'.join(key)} came {came} change {other.change.id} of the same,"
        f" and cannot be true since {wished} that: move both, or that one first"
    )
