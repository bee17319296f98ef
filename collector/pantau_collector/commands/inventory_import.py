"""`pantau-collector inventory import`: brings a department's spreadsheet into the inventory."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from pantau_collector.commands.confirmation import may_write
from pantau_collector.commands.inventory_names import known_owner, load_names
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
from pantau_collector.inventory.import_plan import Change, ImportPlan, plan_import
from pantau_collector.inventory.load import LoadedFile, folder_of, load_files, load_inventory
from pantau_collector.inventory.model import InventoryFile
from pantau_collector.inventory.write import write_department
from pantau_collector.spreadsheet import parse_sheet, read_sheet

_CHANGES_SHOWN = 40
"""Changes that are printed at most."""

_MARKS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red")}
_RELOAD = "A running collector takes it up at `systemctl reload pantau-collector`."

SheetPath = Annotated[Path, typer.Argument(metavar="FILE", help="A spreadsheet: .csv, .xlsx, .xls or .ods.")]


def import_command(
    file: SheetPath,
    owner: Annotated[str, typer.Option(help="The department whose spreadsheet it is: its id or name.")],
    config: ConfigPath = DEFAULT_CONFIG,
    sheet: Annotated[
        str | None, typer.Option(help="Which sheet of the workbook; else the first that fits.")
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take out of the department's file what is not in the sheet.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a department's spreadsheet into the inventory: show what would change, ask, and write it.

    Column names may be Indonesian or English; `inventory template` makes a sheet that has them. What is written is
    the department's own file in the folder beside the inventory, as inventory.d/dishub.toml; no other is touched.
    If one row is wrong, nothing is taken.

    Exit status: 0 it is as the sheet says, or was so already; 1 it was not wanted, or cannot be written; 2
    something in the sheet, the inventory or the options is wrong. With --json it does not ask: it needs --yes or
    --dry-run.
    """
    if as_json and not (yes or dry_run):
        fail("--json does not ask: add --yes, or --dry-run to see what would change")
    path, own_path, owner_id = _own_file(config, owner)
    before = own_path.read_bytes() if own_path.is_file() else None
    with exit_on_error():
        files = load_files(path)
        own = next((each for each in files if each.path == own_path), LoadedFile(own_path, InventoryFile()))
        others = [each for each in files if each.path != own_path]
        parsed = parse_sheet(read_sheet(file, name=sheet))
        plan = plan_import(parsed, own, others, owner=owner_id, remove=remove)
    done = False
    if plan.changes and not dry_run:
        if not as_json:
            _print_plan(plan)
        if not yes and not may_write(own_path):
            fail("Nothing is changed.", exit_code=EXIT_NOT_DONE)
        if (own_path.read_bytes() if own_path.is_file() else None) != before:
            fail(f"{own_path}: somebody has changed it meanwhile: import again", exit_code=EXIT_NOT_DONE)
        try:
            write_department(own_path, owner_id, plan.content)
        except OSError as error:
            fail(f"{own_path}: it cannot be written, and is as it was: {error.strerror}", exit_code=EXIT_NOT_DONE)
        done = True
    elif not as_json:
        _print_plan(plan)
    if as_json:
        print_json(_as_json(plan, own_path, done=done))
    elif done:
        say(f"{own_path} is written. {_RELOAD}", err=True)


def _own_file(config: Path, owner: str) -> tuple[Path, Path, str]:
    """Return the inventory's path, that of the department's own file, and the department's id."""
    path = open_config(config).inventory
    if path is None:
        fail(f"{config}: inventory: expected the file with owners and sites: the import stands beside it")
    with exit_on_error():
        load_inventory(path)
    found = known_owner(owner, load_names(path))
    return path, folder_of(path) / f"{found}.toml", found


def _print_plan(plan: ImportPlan) -> None:
    say(*plan.remarks, colour="yellow", err=True)
    for change in plan.changes[:_CHANGES_SHOWN]:
        mark, colour = _MARKS[change.what]
        say(f"{mark} {change.table} {'/'.join(change.key)}{_values(change)}", colour=colour)
    if len(plan.changes) > _CHANGES_SHOWN:
        say(f"  ... and {len(plan.changes) - _CHANGES_SHOWN:,} more; --dry-run --json shows all")
    counts = Counter((change.what, change.table) for change in plan.changes)
    summary = ", ".join(f"{number:,} {table} {what}" for (what, table), number in sorted(counts.items()))
    say(summary or "Nothing would change: the inventory is as the sheet says.")


def _values(change: Change) -> str:
    if change.what == "removed":
        return ""
    shown = [
        f"{key}: {_text(old)} -> {_text(new)}" if change.what == "changed" else f"{key} {_text(new)}"
        for key, (old, new) in change.values.items()
        if change.what == "changed" or key not in ("site", "id")
    ]
    return "  " + ", ".join(shown) if shown else ""


def _text(value: object) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value)) or "nothing"
    return "nothing" if value in (None, "") else str(value)


def _as_json(plan: ImportPlan, path: Path, *, done: bool) -> dict[str, Any]:
    return {
        "file": str(path),
        "written": done,
        "changes": [
            {
                "what": change.what,
                "table": change.table,
                "key": "/".join(change.key),
                "values": {key: {"old": old, "new": new} for key, (old, new) in change.values.items()},
            }
            for change in plan.changes
        ],
        "remarks": plan.remarks,
    }
