"""Compares a department's spreadsheet with the inventory: what an import would change, and what is wrong."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pantau_collector.inventory.check import TABLES, Key, LocatedEntry, problems
from pantau_collector.inventory.load import LoadedFile
from pantau_collector.inventory.model import InventoryFile
from pantau_collector.inventory.sheet_entries import entries_of
from pantau_collector.inventory.write import in_order
from pantau_collector.spreadsheet import ParsedSheet
from pantau_contract.words import words
from pantau_service.settings import ConfigError

_REMOVABLE = ("device", "camera")
"""Tables whose entries an import may remove."""

_ROW = re.compile(r": row (\d+)")


class Change(NamedTuple):
    """What happens to one entry: `added`, `changed` or `removed`. `values` holds old and new by key."""

    what: str
    table: str
    key: Key
    values: dict[str, tuple[Any, Any]]


class ImportPlan(NamedTuple):
    """The department's file after the import, what changes in it, and remarks."""

    content: InventoryFile
    changes: list[Change]
    remarks: list[str]


def plan_import(
    sheet: ParsedSheet, own: LoadedFile, others: Sequence[LoadedFile], *, owner: str, remove: bool
) -> ImportPlan:
    """Return what an import of the sheet would make of the department's own file.

    A column that the sheet does not have leaves its values unchanged. The sheet may refer to owners, maintainers,
    sites and devices by name.

    Args:
        sheet: the spreadsheet.
        own: the department's file as it is; empty if there is none yet.
        others: every other file, which is not changed.
        owner: the owner of rows that name none.
        remove: True to remove cameras and devices that are not in the sheet from the department's file. Refused
            if rows were passed over that may hold some of them, because people hide rows by a filter.

    Raises:
        ConfigError: with a line for everything that is wrong: sheet, row, column.
    """
    if remove and sheet.sheet.unread:
        raise ConfigError([f"{line}; --remove would take their cameras out" for line in sheet.sheet.unread])
    before = _by_key(own.entries())
    elsewhere = _by_key(each for file in others for each in file.entries())
    result = entries_of(sheet, before, elsewhere, owner)
    in_sheet = _by_key(result.entries)
    not_in_sheet = {at: each for at, each in before.items() if at not in in_sheet}
    missing = {at for at in not_in_sheet if at[0] in _REMOVABLE}
    kept = {at: each for at, each in not_in_sheet.items() if not (remove and at in missing)}
    unchanged = [*elsewhere.values(), *kept.values()]
    conflicts = problems([*unchanged, *result.entries], [*unchanged, *result.keys])
    wrong = [*sheet.problems, *result.problems, *conflicts]
    if wrong:
        raise ConfigError(sorted(wrong, key=_row))
    remarks = [*sheet.remarks, *result.remarks]
    if missing and not remove:
        remarks.append(f"{own.path}: {words('en')('count.not_in_the_sheet', count=len(missing))}")
    after = {at: in_sheet.get(at) or kept[at] for at in [*before, *in_sheet] if at in in_sheet or at in kept}
    return ImportPlan(_file(after.values()), list(_changes(before, after)), remarks)


def _by_key(entries: Iterable[LocatedEntry]) -> dict[tuple[str, Key], LocatedEntry]:
    return {(each.table, each.key): each for each in entries}


def _file(entries: Iterable[LocatedEntry]) -> InventoryFile:
    tables: dict[str, list[Any]] = {table: [] for table in TABLES}
    for each in entries:
        tables[each.table].append(each.entry)
    return InventoryFile(**tables)


def _changes(
    before: Mapping[tuple[str, Key], LocatedEntry], after: Mapping[tuple[str, Key], LocatedEntry]
) -> Iterator[Change]:
    for table, key in dict.fromkeys([*before, *after]):
        old = _values(before.get((table, key)))
        new = _values(after.get((table, key)))
        values = {
            name: (old.get(name), new.get(name))
            for name in dict.fromkeys([*old, *new])
            if old.get(name) != new.get(name)
        }
        if values:
            what = "changed" if old and new else "added" if new else "removed"
            yield Change(what, table, key, values)


def _values(located: LocatedEntry | None) -> dict[str, Any]:
    """Return the values of an entry that differ from the defaults; none without an entry."""
    return in_order(located.entry) if located else {}


def _row(problem: str) -> int:
    found = _ROW.search(problem)
    return int(found[1]) if found else 0
