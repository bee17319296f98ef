"""What the rows of a department's sheet say, as entries of the inventory, each placed at its row."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from pantau_collector.inventory.check import Key, Named, Placed, Where, key_of
from pantau_collector.inventory.model import InventoryCamera, InventoryDevice, InventorySite
from pantau_collector.inventory.names import Names
from pantau_collector.spreadsheet import Entry, Understood, near_slug
from pantau_service.settings import did_you_mean, located_problems

_OF_THE_SITE = {"site_name": "name", "uplink": "uplink"}
"""Columns that say something of the row's site, and its key there."""

Known = Mapping[tuple[str, Key], Placed]


class Drawn(NamedTuple):
    """Entries that are right in themselves; these and all others in their order; what is wrong; remarks."""

    placed: list[Placed]
    named: list[Named]
    wrong: list[str]
    remarks: list[str]


def draw(sheet: Understood, own: Known, elsewhere: Known, owner: str) -> Drawn:
    """Makes entries of the rows, laid over those of the department's `own` file.

    Args:
        sheet: the rows.
        own: what the department's file holds.
        elsewhere: what all other files hold.
        owner: whose a row is that does not say so.
    """
    drawn = Drawn([], [], [], [])
    names = Names([*elsewhere.values(), *own.values()])
    _draw_sites(drawn, sheet, own, elsewhere, names, owner)
    for entry in sheet.entries:
        _draw_row(drawn, sheet, entry, own, names, owner)
    return drawn


def _draw_row(drawn: Drawn, sheet: Understood, entry: Entry, own: Known, names: Names, owner: str) -> None:
    table = "camera" if entry.kind == "camera" else "device"
    values = {key: _value(key, value, names) for key, value in entry.values.items() if key not in _OF_THE_SITE}
    key, where = key_of(table, values), _where(sheet, entry.row)
    if key is None or not all(key):
        return  # the sheet's own problems say so
    known = own.get((table, key))
    values = (known.entry.model_dump() if known else {}) | values
    values["owner"] = values.get("owner") or owner
    if table == "device":
        values["kind"] = entry.kind
    model = InventoryCamera if table == "camera" else InventoryDevice
    drawn.named.append(Named(table, key, where))
    try:
        drawn.placed.append(Placed(table, key, where, model(**values)))
    except ValidationError as error:
        for location, what in located_problems(error, model):
            at = str(location[0])
            drawn.wrong.append(f"{where(at)}: {_in_plain_words(at, what, values, names)}")


def _draw_sites(drawn: Drawn, sheet: Understood, own: Known, elsewhere: Known, names: Names, owner: str) -> None:
    """A site that nobody knows is new if a row gives it a name; what others wrote of a site stays as it is."""
    said: dict[str, dict[str, Any]] = {}
    first: dict[str, int] = {}
    for entry in sheet.entries:
        site = names.id_of("site", str(entry.values.get("site", "")))
        for column, key in _OF_THE_SITE.items():
            value = _value(column, entry.values.get(column) or "", names)
            if not value:
                continue
            first.setdefault(site, entry.row)
            before = said.setdefault(site, {}).setdefault(key, value)
            if before != value:
                what = f"expected one {key} for site `{site}`, and row {first[site]} has {before!r}"
                drawn.wrong.append(f"{sheet.problem(entry.row, column, what)}, this one {value!r}")
    for site, values in said.items():
        at: tuple[str, Key] = ("site", (site,))
        where = _where(sheet, first[site], {key: column for column, key in _OF_THE_SITE.items()} | {"id": "site"})
        if at in elsewhere:
            theirs = elsewhere[at]
            if any(getattr(theirs.entry, key) != value for key, value in values.items()):
                drawn.remarks.append(f"{where('id')}: site `{site}` stays as {theirs.where(None)} has it")
        elif at in own or "name" in values:
            kept = own[at].entry.model_dump() if at in own else {"id": site, "owner": owner}
            drawn.named.append(Named("site", (site,), where))
            try:
                drawn.placed.append(Placed("site", (site,), where, InventorySite(**(kept | values))))
            except ValidationError as error:
                told = located_problems(error, InventorySite)
                drawn.wrong.extend(f"{where(str(location[0]))}: {what}" for location, what in told)


def _value(key: str, value: object, names: Names) -> Any:
    if isinstance(value, tuple):
        return list(value)
    table = {"via": "device"}.get(key, key)
    if isinstance(value, str) and value and table in ("site", "owner", "maintainer", "uplink", "device"):
        return names.id_of(table, value)
    return value


def _in_plain_words(key: str, what: str, values: Mapping[str, Any], names: Names) -> str:
    if key == "site":
        return f"there is no site `{values['site']}`; {did_you_mean(values['site'], names.ids('site'))}"
    if key == "id" and (near := near_slug(str(values["id"]))):
        return f"{what}; did you mean `{near}`?"
    return what


def _where(sheet: Understood, row: int, columns: Mapping[str, str] | None = None) -> Where:
    def where(key: str | None) -> str:
        return sheet.place(row, (columns or {}).get(key, key) if key is not None else None)

    return where
