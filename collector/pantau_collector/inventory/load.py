"""Loads the inventory's files and checks them as a whole: the one that people write, and those that imports write.

People write `inventory.toml`. `inventory.d/` beside it holds one file for each department that imports its
spreadsheet. So an import never changes what anyone wrote by hand or what another department imported, and does not
have to keep comments that it does not understand.
"""

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from pantau_collector.inventory.check import TABLES, Locate, LocatedEntry, LocatedKey, duplicates, key_of, problems
from pantau_collector.inventory.model import (
    Inventory,
    InventoryFile,
)
from pantau_service.settings import ConfigError, explain, place, read_toml


class LoadedFile(NamedTuple):
    """One file and its content."""

    path: Path
    content: InventoryFile

    def entries(self) -> list[LocatedEntry]:
        """Return each entry with its location, such as `inventory.toml: camera[3].owner`."""
        return [
            LocatedEntry(table, key, _locate(self.path, table, i), entry)
            for table in TABLES
            for i, entry in enumerate(getattr(self.content, table))
            if (key := key_of(table, vars(entry)))
        ]


def folder_of(path: Path) -> Path:
    """Return the folder of the departments' files: `inventory.d` beside `inventory.toml`."""
    return path.with_suffix(".d")


def inventory_files(path: Path) -> list[Path]:
    """Return the path itself, and those of the departments' files."""
    return [path, *sorted(folder_of(path).glob("*.toml"))]


def load_files(path: Path) -> list[LoadedFile]:
    """Read every file, and check each by itself.

    Raises:
        ConfigError: with a line for everything that is wrong in a file: file, table and its number, key.
    """
    loaded, wrong, keys = [], [], []
    for file in inventory_files(path):
        data: dict[str, Any] = {}
        try:
            data = read_toml(file)
            keys += _keys(file, data)
            loaded.append(LoadedFile(file, InventoryFile(**data)))
        except ConfigError as error:
            wrong += error.problems
        except ValidationError as error:
            wrong += explain(error, InventoryFile, file, data=data)
    if wrong:
        raise ConfigError(wrong + duplicates(keys))
    return loaded


def load_inventory(path: Path | None) -> Inventory:
    """Read and check an inventory; without a path it is empty.

    A camera or device without owner or maintainer has its site's.

    Raises:
        ConfigError: with a line for everything that is wrong: file, table and its number, key.
    """
    if path is None:
        return Inventory()
    files = load_files(path)
    wrong = problems([each for file in files for each in file.entries()])
    if wrong:
        raise ConfigError(wrong)
    contents = [file.content for file in files]
    return Inventory(
        owners=[owner for content in contents for owner in content.owner],
        maintainers=[maintainer for content in contents for maintainer in content.maintainer],
        projects=[project for content in contents for project in content.project],
        uplinks=[uplink for content in contents for uplink in content.uplink],
        sites=[site for content in contents for site in content.site],
        devices=[device for content in contents for device in content.device],
        cameras=[camera for content in contents for camera in content.camera],
    )


def _keys(path: Path, data: dict[str, Any]) -> list[LocatedKey]:
    return [
        LocatedKey(table, key, _locate(path, table, i))
        for table in TABLES
        for i, entry in enumerate(data[table] if isinstance(data.get(table), list) else ())
        if isinstance(entry, dict) and (key := key_of(table, entry))
    ]


def _locate(path: Path, table: str, index: int) -> Locate:
    def where(key: str | None) -> str:
        return place(path, (table, index) if key is None else (table, index, key))

    return where
