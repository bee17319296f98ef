"""Contracts as rows of a sheet and back: one row each, one column for each key.

A key of a list of tables is `penalties[1].amount`. Several values in a cell are separated by semicolons, tiers are
`95-100: 0; 0-95: 2.5`, zones by tag `wita: Asia/Makassar`, and `none` is a list without values.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from pantau_collector.contracts.model import Contract
from pantau_service.settings import ConfigError

REQUIRED = ("id", "kind", "party")
"""The columns by which a sheet of contracts is known."""
_TABLES = ("covers", "classes", "penalties")
_LISTS = {
    *("hours", "holidays", "available", "counts", "criticality"),
    *("cameras", "sites", "owners", "projects", "tags", "uplinks"),
}
_PATH = re.compile(r"([a-z_]+)\[(\d{1,4})\]\.([a-z_]+)")
_TIER = re.compile(r"([\d.]+)\s*-\s*([\d.]+)\s*:\s*([\d.]+)")
_NONE = "none"
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t")


def values_of(contract: Contract) -> dict[str, Any]:
    """Return the values of a contract that differ from the defaults, as a TOML file has them."""
    dumped: dict[str, Any] = _plain(contract.model_dump(exclude_defaults=True))
    return dumped


def to_cells(contract: Contract) -> dict[str, str]:
    """Return a contract's values as the cells of a row, by column.

    Raises:
        ConfigError: a value cannot stand in a cell.
    """
    cells: dict[str, str] = {}
    for key, value in values_of(contract).items():
        if key in _TABLES:
            for i, table in enumerate(value, 1):
                cells |= {f"{key}[{i}].{inner}": _cell(inner, each) for inner, each in table.items()}
        else:
            cells[key] = _cell(key, value)
    if wrong := [key for key, cell in cells.items() if cell.startswith(_STARTS_A_FORMULA)]:
        raise _cannot(contract, wrong[0], "begins as a formula does")
    again = Contract.model_validate(from_cells(cells))
    if wrong := [key for key, value in again if value != getattr(contract, key)]:
        raise _cannot(contract, wrong[0], "has a separator (`;`, `:`) in it")
    return cells


def _cannot(contract: Contract, key: str, why: str) -> ConfigError:
    return ConfigError([f"contract {contract.id!r}: {key}: a sheet cannot hold it, because it {why}"])


def columns_of(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the columns that rows need, in the order of a contract's keys."""
    order = list(Contract.model_fields)
    every = {column for row in rows for column in row} | set(REQUIRED)

    def place(column: str) -> tuple[int, int]:
        found = _PATH.fullmatch(column)
        return order.index(found[1] if found else column), int(found[2]) if found else 0

    return sorted(sorted(every), key=place)


def from_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a row as a TOML file would have them; what they mean is checked by the model.

    Raises:
        ValueError: a column's name or a cell cannot be understood; the text says which.
    """
    values: dict[str, Any] = {}
    tables: dict[str, dict[int, dict[str, Any]]] = {}
    for column, cell in cells.items():
        found = _PATH.fullmatch(column)
        if found:
            tables.setdefault(found[1], {}).setdefault(int(found[2]), {})[found[3]] = _value(found[3], cell)
        else:
            values[column] = _value(column, cell)
    for key, by_number in tables.items():
        values[key] = [by_number[number] for number in sorted(by_number)]
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, StrEnum) else value


def _cell(key: str, value: Any) -> str:
    if key == "tiers":
        return "; ".join(f"{each['at_least']}-{each['below']}: {each['percent']}" for each in value)
    if key == "zone_by_tag":
        return "; ".join(f"{tag}: {zone}" for tag, zone in value.items())
    if isinstance(value, list):
        return "; ".join(map(str, value)) or _NONE
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(key: str, cell: str) -> Any:
    if key == "tiers":
        return [_tier(part) for part in _parts(cell)]
    if key == "zone_by_tag":
        return dict(_pair(part) for part in _parts(cell))
    if key in _LISTS:
        return [] if cell == _NONE else _parts(cell)
    return cell


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def _tier(text: str) -> dict[str, str]:
    found = _TIER.fullmatch(text)
    if not found:
        raise ValueError(f"tiers: expected tiers such as `95-100: 0; 0-95: 2.5`, got {text!r}")
    return {"at_least": found[1], "below": found[2], "percent": found[3]}


def _pair(text: str) -> tuple[str, str]:
    tag, separator, zone = text.partition(":")
    if not separator:
        raise ValueError(f"zone_by_tag: expected such as `wita: Asia/Makassar`, got {text!r}")
    return tag.strip(), zone.strip()


def rows_of(contracts: Iterable[Contract]) -> tuple[list[str], list[Sequence[str]]]:
    """Return header and rows of a sheet with these contracts.

    Raises:
        ConfigError: a value cannot stand in a cell.
    """
    rows = [to_cells(each) for each in contracts]
    header = columns_of(rows)
    return header, [[row.get(column, "") for column in header] for row in rows]
