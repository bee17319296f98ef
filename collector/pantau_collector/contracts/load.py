"""Loads contracts and checks them as a whole: the file that people write, and those that imports write.

People write `contracts.toml`; `contracts.d/` beside it holds the files of `pantau-collector contracts import`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pantau_collector.contracts.check import Located, problems, remarks
from pantau_collector.contracts.coverage import valid_span
from pantau_collector.contracts.model import Contract, ContractsFile
from pantau_collector.inventory import Inventory
from pantau_service.settings import ConfigError, explain, place, read_toml

MAX_FILE_BYTES = 5_000_000
"""A file of contracts is not larger: ten thousand contracts are not."""


@dataclass(frozen=True, slots=True)
class Contracts:
    """All contracts, in the order of their ids. `remarks` are lines about what may be a mistake."""

    by_id: dict[str, Contract] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Contract]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def valid_in(self, from_ms: int, to_ms: int) -> list[Contract]:
        """Return those that are valid at any moment of a period, UTC ms."""
        return [each for each in self if (valid := valid_span(each)).from_ms < to_ms and valid.to_ms > from_ms]


def folder_of(path: Path) -> Path:
    """Return the folder of imported files: `contracts.d` beside `contracts.toml`."""
    return path.with_suffix(".d")


def contract_files(path: Path) -> list[Path]:
    """Return the path itself, and those of the imported files."""
    return [path, *sorted(folder_of(path).glob("*.toml"))]


def load_files(path: Path) -> list[tuple[Path, ContractsFile]]:
    """Read every file, and check each by itself.

    Raises:
        ConfigError: with a line for everything that is wrong in a file: file, contract and its number, key.
    """
    loaded: list[tuple[Path, ContractsFile]] = []
    wrong: list[str] = []
    for file in contract_files(path):
        data: dict[str, Any] = {}
        try:
            data = _read(file)
            loaded.append((file, ContractsFile(**data)))
        except ConfigError as error:
            wrong += error.problems
        except ValidationError as error:
            wrong += explain(error, ContractsFile, file, data=data)
    if wrong:
        raise ConfigError(wrong)
    return loaded


def load_contracts(path: Path | None, inventory: Inventory, *, today: date) -> Contracts:
    """Read and check the contracts; without a path there are none.

    What a contract names must be in the inventory, unless the contract ended before `today`: what it covered may
    be gone.

    Raises:
        ConfigError: with a line for everything that is wrong: file, contract and its number, key.
    """
    if path is None:
        return Contracts()
    located = located_contracts(load_files(path))
    if wrong := problems(located, inventory, today):
        raise ConfigError(wrong)
    by_id = {each.contract.id: each.contract for each in sorted(located, key=lambda each: each.contract.id)}
    return Contracts(by_id, tuple(remarks(located, inventory, today)))


def located_contracts(files: list[tuple[Path, ContractsFile]]) -> list[Located]:
    """Return each contract of the files with its location."""
    return [
        Located(place(path, ("contract", i)), contract)
        for path, content in files
        for i, contract in enumerate(content.contract)
    ]


def _read(path: Path) -> dict[str, Any]:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0  # reading it says what is wrong
    if size > MAX_FILE_BYTES:
        raise ConfigError([f"{path}: expected at most {MAX_FILE_BYTES:,} bytes, got {size:,}"])
    return read_toml(path)
