"""Compares a sheet of contracts with those that there are: what an import would change, and what is wrong."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import tomli_w
from pydantic import ValidationError

from pantau_collector.contracts.check import Located, problems
from pantau_collector.contracts.load import folder_of, load_files, located_contracts
from pantau_collector.contracts.model import Contract
from pantau_collector.contracts.sheet import REQUIRED, from_cells, to_cells, values_of
from pantau_collector.inventory import Inventory
from pantau_collector.spreadsheet.keyed_table import KeyedTable, read_keyed_table
from pantau_service import atomic_file
from pantau_service.settings import ConfigError, located_problems, place

_HEADER = """\
# Written by `pantau-collector contracts import` from {source}: change that, and import it again.

"""


class Change(NamedTuple):
    """What happens to one contract: `added`, `changed` or `removed`. `values` holds old and new by column."""

    what: str
    contract: str
    values: dict[str, tuple[str, str]]


class ImportPlan(NamedTuple):
    """The file of imported contracts after the import, and what changes in it."""

    path: Path
    contracts: list[Contract]
    changes: list[Change]
    kept: list[str]
    """Ids of contracts of the file that are not in the sheet, and stay."""


def plan_import(
    sheet: Path, path: Path, inventory: Inventory, *, into: str, remove: bool, today: date
) -> ImportPlan:
    """Return what an import of a sheet would make of the file `into` beside `contracts.toml`.

    Args:
        sheet: the spreadsheet: a row a contract.
        path: `contracts.toml`.
        inventory: what the contracts name.
        into: the name of the file in `contracts.d`, without `.toml`. No other file is changed.
        remove: True to take out of that file what is not in the sheet.
        today: whose contracts must name what is there.

    Raises:
        ConfigError: with a line for everything that is wrong: sheet, row, column.
    """
    own_path = folder_of(path) / f"{into}.toml"
    files = load_files(path)
    own = [each for file, content in files if file == own_path for each in content.contract]
    others = located_contracts([each for each in files if each[0] != own_path])
    rows = _contracts(read_keyed_table(sheet, REQUIRED))
    in_sheet = {each.contract.id for each in rows}
    missing = [each for each in own if each.id not in in_sheet]
    kept = [] if remove else missing
    located_kept = [Located(place(own_path, ()), each) for each in kept]
    if wrong := problems([*others, *located_kept, *rows], inventory, today):
        raise ConfigError(wrong)
    before = {each.id: to_cells(each) for each in own}
    after_contracts = [*kept, *(each.contract for each in rows)]
    after = {each.id: to_cells(each) for each in after_contracts}
    return ImportPlan(own_path, after_contracts, list(_changes(before, after)), [each.id for each in kept])


def write_contracts(path: Path, contracts: list[Contract], source: str) -> None:
    """Replace a file of contracts, completely or not at all. The collector reads it as another user.

    Raises:
        OSError: it cannot be written; the old content is unchanged.
    """
    path.parent.mkdir(mode=0o755, exist_ok=True)
    text = _HEADER.format(source=source) + tomli_w.dumps({"contract": [values_of(each) for each in contracts]})
    atomic_file.write(path, text.encode(), mode=0o644)


def _contracts(table: KeyedTable) -> list[Located]:
    """Return the contracts of a sheet; all that is wrong in any row is told at once."""
    found: list[Located] = []
    wrong: list[str] = []
    for row in table.rows:
        where = f"{table.path}: row {row[0]}"
        values: dict[str, Any] = {}
        try:
            values = from_cells(table.values(row))
            found.append(Located(where, Contract.model_validate(values)))
        except ValidationError as error:
            for location, text in located_problems(error, Contract):
                column = place(Path(), location).removeprefix(".: ")
                wrong.append(f"{where}: {column}: {text} (contract {values.get('id', '')!r})")
        except ValueError as error:
            wrong.append(f"{where}: {error}")
    if wrong:
        raise ConfigError(wrong)
    return found


def _changes(before: Mapping[str, dict[str, str]], after: Mapping[str, dict[str, str]]) -> Iterator[Change]:
    for contract in dict.fromkeys([*before, *after]):
        old, new = before.get(contract, {}), after.get(contract, {})
        values = {
            column: (old.get(column, ""), new.get(column, ""))
            for column in dict.fromkeys([*old, *new])
            if old.get(column, "") != new.get(column, "")
        }
        if values:
            yield Change("changed" if old and new else "added" if new else "removed", contract, values)
