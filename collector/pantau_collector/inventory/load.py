"""The inventory's files, checked as a whole: the one that people write, and those that imports write beside it.

`inventory.toml` is people's own. `inventory.d/` beside it holds one file for each department that imports its
spreadsheet. So an import never touches what anyone wrote by hand, nor what another department imported, and needs
not keep comments it does not understand.
"""

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from pantau_collector.inventory.check import TABLES, Named, Placed, Where, doubles, key_of, problems
from pantau_collector.inventory.model import (
    Inventory,
    InventoryFile,
)
from pantau_service.settings import ConfigError, explain, place, read_toml


class Loaded(NamedTuple):
    """One file and what is in it."""

    path: Path
    content: InventoryFile

    def placed(self) -> list[Placed]:
        """Each entry with its place: `inventory.toml: camera[3].owner`."""
        return [
            Placed(table, key, _where(self.path, table, i), entry)
            for table in TABLES
            for i, entry in enumerate(getattr(self.content, table))
            if (key := key_of(table, vars(entry)))
        ]


def folder_of(path: Path) -> Path:
    """Where the departments' files are: `inventory.d` beside `inventory.toml`."""
    return path.with_suffix(".d")


def inventory_files(path: Path) -> list[Path]:
    """The file itself, and the departments' files."""
    return [path, *sorted(folder_of(path).glob("*.toml"))]


def load_files(path: Path) -> list[Loaded]:
    """Reads every file, each by itself.

    Raises:
        ConfigError: with one line for everything that is wrong with one of them: file, table and its number, key.
    """
    loaded, wrong, named = [], [], []
    for file in inventory_files(path):
        data: dict[str, Any] = {}
        try:
            data = read_toml(file)
            named += _named(file, data)
            loaded.append(Loaded(file, InventoryFile(**data)))
        except ConfigError as error:
            wrong += error.problems
        except ValidationError as error:
            wrong += explain(error, InventoryFile, file, data=data)
    if wrong:
        raise ConfigError(wrong + doubles(named))
    return loaded


def load_inventory(path: Path | None) -> Inventory:
    """Reads and checks an inventory; without a path it is empty.

    A camera or device of which nobody says whose it is, or who mends it, is its site's owner's and maintainer's.

    Raises:
        ConfigError: with one line for everything that is wrong: file, table and its number, key.
    """
    if path is None:
        return Inventory()
    files = load_files(path)
    wrong = problems([each for file in files for each in file.placed()])
    if wrong:
        raise ConfigError(wrong)
    contents = [file.content for file in files]
    return Inventory(
        owners=[owner for content in contents for owner in content.owner],
        maintainers=[maintainer for content in contents for maintainer in content.maintainer],
        uplinks=[uplink for content in contents for uplink in content.uplink],
        sites=[site for content in contents for site in content.site],
        devices=[device for content in contents for device in content.device],
        cameras=[camera for content in contents for camera in content.camera],
    )


def _named(path: Path, data: dict[str, Any]) -> list[Named]:
    return [
        Named(table, key, _where(path, table, i))
        for table in TABLES
        for i, entry in enumerate(data[table] if isinstance(data.get(table), list) else ())
        if isinstance(entry, dict) and (key := key_of(table, entry))
    ]


def _where(path: Path, table: str, index: int) -> Where:
    def where(key: str | None) -> str:
        return place(path, (table, index) if key is None else (table, index, key))

    return where
