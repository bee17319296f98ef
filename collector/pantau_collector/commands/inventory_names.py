"""What the inventory's commands accept in place of ids: the names that people use."""

from pathlib import Path

from pantau_collector.commands.opening import exit_on_error, fail
from pantau_collector.inventory.load import load_files
from pantau_collector.inventory.name_index import NameIndex
from pantau_service.settings import did_you_mean


def load_names(path: Path | None) -> NameIndex:
    """Return the names in the inventory's files; none without a path. An invalid inventory ends the command."""
    with exit_on_error():
        return NameIndex([each for file in load_files(path) for each in file.entries()] if path else [])


def known_owner(owner: str, names: NameIndex) -> str:
    """Return the id of an owner given by id or name; an unknown owner ends the command."""
    found = names.id_of("owner", owner)
    if found not in names.ids("owner"):
        fail(f"--owner: there is no owner `{owner}` in the inventory; {did_you_mean(owner, names.ids('owner'))}")
    return found
