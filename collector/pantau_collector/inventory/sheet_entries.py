"""Turns the rows of a department's sheet into entries of the inventory, each located at its row."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from pantau_collector.inventory.check import Key, Locate, LocatedEntry, LocatedKey, key_of
from pantau_collector.inventory.model import InventoryCamera, InventoryDevice, InventorySite
from pantau_collector.inventory.name_index import NameIndex
from pantau_collector.spreadsheet import ParsedSheet, SheetRow, near_slug
from pantau_service.settings import did_you_mean, located_problems

_SITE_COLUMNS = {"site_name": "name", "uplink": "uplink"}
"""Columns that describe the row's site, with the site's key for each."""

_HINTS = 50
"""Problems for which the nearest known name is looked for; a sheet may have 200,000, and so many are not shown."""

Known = Mapping[tuple[str, Key], LocatedEntry]


class SheetEntries(NamedTuple):
    """The valid entries, the keys of all entries in order, what is wrong, and remarks."""

    entries: list[LocatedEntry]
    keys: list[LocatedKey]
    problems: list[str]
    remarks: list[str]


def entries_of(sheet: ParsedSheet, own: Known, elsewhere: Known, owner: str) -> SheetEntries:
    """Make entries of the rows; a row's values replace those of its entry in the department's file.

    Args:
        sheet: the rows.
        own: the entries of the department's file.
        elsewhere: the entries of all other files.
        owner: the owner of rows that name none.
    """
    result = SheetEntries([], [], [], [])
    names = NameIndex([*elsewhere.values(), *own.values()])
    _add_sites(result, sheet, own, elsewhere, names, owner)
    for row in sheet.rows:
        _add_row(result, sheet, row, own, names, owner)
    return result


def _add_row(
    result: SheetEntries, sheet: ParsedSheet, row: SheetRow, own: Known, names: NameIndex, owner: str
) -> None:
    table = "camera" if row.kind == "camera" else "device"
    values = {key: _value(key, value, names) for key, value in row.values.items() if key not in _SITE_COLUMNS}
    key, where = key_of(table, values), _locate(sheet, row.number)
    if key is None or not all(key):
        return  # the sheet's own problems include it
    known = own.get((table, key))
    values = (known.entry.model_dump() if known else {}) | values
    values["owner"] = values.get("owner") or owner
    if table == "device":
        values["kind"] = row.kind
    model = InventoryCamera if table == "camera" else InventoryDevice
    result.keys.append(LocatedKey(table, key, where))
    try:
        result.entries.append(LocatedEntry(table, key, where, model(**values)))
    except ValidationError as error:
        for location, text in located_problems(error, model):
            at = str(location[0])
            hint = _with_hint(at, text, values, names) if len(result.problems) < _HINTS else text
            result.problems.append(f"{where(at)}: {hint}")


def _add_sites(
    result: SheetEntries, sheet: ParsedSheet, own: Known, elsewhere: Known, names: NameIndex, owner: str
) -> None:
    """Add the sites that rows describe.

    A site that no file has is created if a row gives it a name. A site of another file is not changed.
    """
    values_by_site: dict[str, dict[str, Any]] = {}
    first_row: dict[str, int] = {}
    for row in sheet.rows:
        site = names.id_of("site", str(row.values.get("site", "")))
        for column, key in _SITE_COLUMNS.items():
            value = _value(column, row.values.get(column) or "", names)
            if not value:
                continue
            first_row.setdefault(site, row.number)
            before = values_by_site.setdefault(site, {}).setdefault(key, value)
            if before != value:
                what = f"expected one {key} for site `{site}`, and row {first_row[site]} has {before!r}"
                result.problems.append(f"{sheet.problem(row.number, column, what)}, this one {value!r}")
    for site, values in values_by_site.items():
        at: tuple[str, Key] = ("site", (site,))
        columns = {key: column for column, key in _SITE_COLUMNS.items()} | {"id": "site"}
        where = _locate(sheet, first_row[site], columns)
        if at in elsewhere:
            other = elsewhere[at]
            if any(getattr(other.entry, key) != value for key, value in values.items()):
                result.remarks.append(f"{where('id')}: site `{site}` stays as {other.where(None)} has it")
        elif at in own or "name" in values:
            kept = own[at].entry.model_dump() if at in own else {"id": site, "owner": owner}
            result.keys.append(LocatedKey("site", (site,), where))
            try:
                result.entries.append(LocatedEntry("site", (site,), where, InventorySite(**(kept | values))))
            except ValidationError as error:
                problems = located_problems(error, InventorySite)
                result.problems.extend(f"{where(str(location[0]))}: {text}" for location, text in problems)


def _value(key: str, value: object, names: NameIndex) -> Any:
    if isinstance(value, tuple):
        return list(value)
    table = {"via": "device"}.get(key, key)
    if isinstance(value, str) and value and table in ("site", "owner", "maintainer", "uplink", "device"):
        return names.id_of(table, value)
    return value


def _with_hint(key: str, text: str, values: Mapping[str, Any], names: NameIndex) -> str:
    if key == "site":
        return f"there is no site `{values['site']}`; {did_you_mean(values['site'], names.ids('site'))}"
    if key == "id" and (near := near_slug(str(values["id"]))):
        return f"{text}; did you mean `{near}`?"
    return text


def _locate(sheet: ParsedSheet, row: int, columns: Mapping[str, str] | None = None) -> Locate:
    def where(key: str | None) -> str:
        return sheet.place(row, (columns or {}).get(key, key) if key is not None else None)

    return where
