"""`pantau-collector inventory remove-site`: takes a site that is no more out of the inventory's files."""

from pathlib import Path
from typing import Annotated

import typer

from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    AsJson,
    ConfigPath,
    exit_on_error,
    fail,
    open_config,
)
from pantau_collector.commands.output import print_json, say
from pantau_collector.inventory.load import inventory_files, load_inventory
from pantau_collector.inventory.remove_site import without_site
from pantau_service import atomic_file


def remove_site_command(
    site: Annotated[str, typer.Argument(help="The site's id.")],
    config: ConfigPath = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a site, its devices and its cameras out of the inventory's files: show what goes, ask, write.

    Comments and all other entries stay as they are. Once its agent is silent, `pantau-collector forget` takes it
    off the wall. A site that no file has is no error.

    Exit status: 0 no file has it any more (with --dry-run: it is shown); 1 nobody agreed, or a file cannot be
    written; 2 the inventory is wrong, or written in a way that this cannot change.
    """
    path = open_config(config).inventory
    with exit_on_error():
        inventory = load_inventory(path)
    going = {
        "cameras": [camera for owner, camera in inventory.cameras if owner == site],
        "devices": [device for owner, device in inventory.devices if owner == site],
    }
    files = _changed(path, site) if path is not None else {}
    if not as_json:
        say(*[f"{file}: {site} goes" for file in files] or [f"no file of the inventory has {site}"])
        for what, ids in going.items():
            say(f"  {what}: {', '.join(ids) or 'none'}")
    if files and not dry_run:
        if not yes and not typer.confirm("Take it out?", err=True):
            raise typer.Exit(EXIT_NOT_DONE)
        _write(files)
    if as_json:
        print_json({"id": site, **going, "files": list(map(str, files)), "done": not dry_run})


def _changed(path: Path, site: str) -> dict[Path, str]:
    """Return the new text of each file that has something of the site."""
    changed = {}
    for file in inventory_files(path):
        text = file.read_text("utf-8-sig")
        try:
            left = without_site(text, site)
        except ValueError as error:
            fail(f"{file}: {error}")
        if left != text:
            changed[file] = left
    return changed


def _write(files: dict[Path, str]) -> None:
    for file, text in files.items():
        mode = file.stat().st_mode & 0o777
        try:
            atomic_file.write(file, text.encode(), mode=mode)
            file.chmod(mode)
        except OSError as error:
            fail(f"{file}: it cannot be written, and is as it was: {error.strerror}", exit_code=EXIT_NOT_DONE)
