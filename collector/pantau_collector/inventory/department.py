"""A department's spreadsheet against the inventory: what would change, and what is wrong."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pantau_collector.inventory.check import TABLES, Key, Placed, problems
from pantau_collector.inventory.from_sheet import draw
from pantau_collector.inventory.load import Loaded
from pantau_collector.inventory.model import InventoryFile
from pantau_collector.inventory.write import in_order
from pantau_collector.spreadsheet import Understood
from pantau_service.settings import ConfigError

_REMOVABLE = ("device", "camera")
_ROW = re.compile(r": row (\d+)")


class Change(NamedTuple):
    """What becomes of one entry: `added`, `changed` or `removed`; by key what was and what will be."""

    what: str
    table: str
    key: Key
    values: dict[str, tuple[Any, Any]]


class Plan(NamedTuple):
    """The department's file as it would be, what changes, and what is worth a remark."""

    content: InventoryFile
    changes: list[Change]
    remarks: list[str]


def plan_import(sheet: Understood, own: Loaded, others: Sequence[Loaded], *, owner: str, remove: bool) -> Plan:
    """What an import of the sheet would make of the department's own file.

    Columns that the sheet does not have leave what is there as it is. Owners, maintainers, sites and devices may
    be called by their names.

    Args:
        sheet: the spreadsheet.
        own: the department's file as it is; empty if there is none yet.
        others: every other file, which stays as it is.
        owner: whose a row is that does not say so.
        remove: whether cameras and devices that are not in the sheet are taken out of the department's file.

    Raises:
        ConfigError: with one line for everything that is wrong: sheet, row, column.
    """
    before = _by_key(own.placed())
    elsewhere = _by_key(each for file in others for each in file.placed())
    drawn = draw(sheet, before, elsewhere, owner)
    said = _by_key(drawn.placed)
    unsaid = {at: each for at, each in before.items() if at not in said}
    missing = {at for at in unsaid if at[0] in _REMOVABLE}
    kept = {at: each for at, each in unsaid.items() if not (remove and at in missing)}
    settled = [*elsewhere.values(), *kept.values()]
    unfit = problems([*settled, *drawn.placed], [*settled, *drawn.named])
    wrong = [*sheet.problems, *drawn.wrong, *unfit]
    if wrong:
        raise ConfigError(sorted(wrong, key=_row))
    remarks = [*sheet.remarks, *drawn.remarks]
    if missing and not remove:
        remarks.append(f"{own.path}: {len(missing)} are not in the sheet and stay; --remove takes them out")
    after = {at: said.get(at) or kept[at] for at in [*before, *said] if at in said or at in kept}
    return Plan(_file(after.values()), list(_changes(before, after)), remarks)


def _by_key(placed: Iterable[Placed]) -> dict[tuple[str, Key], Placed]:
    return {(each.table, each.key): each for each in placed}


def _file(placed: Iterable[Placed]) -> InventoryFile:
    tables: dict[str, list[Any]] = {table: [] for table in TABLES}
    for each in placed:
        tables[each.table].append(each.entry)
    return InventoryFile(**tables)


def _changes(
    before: Mapping[tuple[str, Key], Placed], after: Mapping[tuple[str, Key], Placed]
) -> Iterator[Change]:
    for table, key in dict.fromkeys([*before, *after]):
        was = _said(before.get((table, key)))
        will = _said(after.get((table, key)))
        values = {
            name: (was.get(name), will.get(name))
            for name in dict.fromkeys([*was, *will])
            if was.get(name) != will.get(name)
        }
        if values:
            what = "changed" if was and will else "added" if will else "removed"
            yield Change(what, table, key, values)


def _said(placed: Placed | None) -> dict[str, Any]:
    """The values of an entry that say something."""
    return in_order(placed.entry) if placed else {}


def _row(problem: str) -> int:
    found = _ROW.search(problem)
    return int(found[1]) if found else 0
