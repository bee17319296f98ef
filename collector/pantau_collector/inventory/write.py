"""Writes a department's inventory file, completely or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel

from pantau_collector.inventory.model import InventoryFile

_FIRST = ("site", "id", "kind", "name")
"""Keys written first, because they identify an entry."""

_HEADER = """\
# Written by `pantau-collector inventory import` from the spreadsheet of {owner}: change that, and import it again.
# What is added here by hand stays; comments and the order of keys do not.

"""


def in_order(entry: BaseModel) -> dict[str, Any]:
    """Return an entry's values that differ from the defaults, those that identify it first."""
    values = entry.model_dump(exclude_defaults=True)
    return {key: values[key] for key in dict.fromkeys([*_FIRST, *values]) if key in values}


def write_department(path: Path, owner: str, content: InventoryFile) -> None:
    """Replace the file. It is readable by all users, because the collector runs as another one.

    Raises:
        OSError: the file cannot be written; the old content is unchanged.
    """
    path.parent.mkdir(mode=0o755, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_HEADER.format(owner=owner))
            for table, entries in content:
                file.writelines(f"[[{table}]]\n{tomli_w.dumps(in_order(entry))}\n" for entry in entries)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
