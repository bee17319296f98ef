"""`pantau-collector inventory`: a department's spreadsheet into the inventory; the inventory checked and shown."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    AsJson,
    ConfigPath,
    fail,
    open_config,
    open_inventory,
    print_json,
    told,
)
from pantau_collector.inventory.department import Change, Plan, plan_import
from pantau_collector.inventory.load import Loaded, folder_of, load_files, load_inventory
from pantau_collector.inventory.model import InventoryCamera, InventoryDevice, InventoryFile
from pantau_collector.inventory.names import Names
from pantau_collector.inventory.write import in_order, write_department
from pantau_collector.notices.unknown_filters import find_unknown_filters
from pantau_collector.spreadsheet import read_sheet, understand, write_template
from pantau_contract.words import words
from pantau_service.settings import did_you_mean

inventory_app = typer.Typer(
    name="inventory", help="Who owns and mends what, where it stands, how it is connected.", no_args_is_help=True
)

_CHANGES_SHOWN = 40
_MARKS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red")}
_RELOAD = "A running collector takes it up at `systemctl reload pantau-collector`."

Sheet = Annotated[Path, typer.Argument(metavar="FILE", help="A spreadsheet: .csv, .xlsx, .xls or .ods.")]


@inventory_app.command(
    "import",
    epilog="Example: pantau-collector inventory import cctv.xlsx --owner dishub",
)
def import_command(
    file: Sheet,
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
    messages = Console(stderr=True, highlight=False, soft_wrap=True)
    if as_json and not (yes or dry_run):
        fail("--json does not ask: add --yes, or --dry-run to see what would change")
    path, own_path, owner_id = _own_file(config, owner)
    before = own_path.read_bytes() if own_path.is_file() else None
    with told():
        files = load_files(path)
        own = next((each for each in files if each.path == own_path), Loaded(own_path, InventoryFile()))
        others = [each for each in files if each.path != own_path]
        understood = understand(read_sheet(file, name=sheet))
        plan = plan_import(understood, own, others, owner=owner_id, remove=remove)
    done = False
    if plan.changes and not dry_run:
        if not as_json:
            _show(plan, messages)
        if not yes and not _confirmed(messages, own_path):
            fail("Nothing is changed.", exit_code=EXIT_NOT_DONE)
        if (own_path.read_bytes() if own_path.is_file() else None) != before:
            fail(f"{own_path}: somebody has changed it meanwhile: import again", exit_code=EXIT_NOT_DONE)
        try:
            write_department(own_path, owner_id, plan.content)
        except OSError as error:
            fail(f"{own_path}: it cannot be written, and is as it was: {error.strerror}", exit_code=EXIT_NOT_DONE)
        done = True
    elif not as_json:
        _show(plan, messages)
    if as_json:
        print_json(_as_json(plan, own_path, done=done))
    elif done:
        messages.print(f"{own_path} is written. {_RELOAD}", markup=False)


@inventory_app.command(
    "check", epilog="Example: pantau-collector inventory check --config /etc/pantau/collector.toml"
)
def check_command(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Check the inventory, all its files together. Exit status 2: something is wrong, told by file and key."""
    settings = open_config(config)
    inventory = open_inventory(settings)
    unknown = find_unknown_filters(settings.recipient, inventory)
    counts = {
        "sites": len(inventory.sites),
        "cameras": len(inventory.cameras),
        "devices": len(inventory.devices),
        "uplinks": len(inventory.uplinks),
        "owners": len(inventory.owners),
        "maintainers": len(inventory.maintainers),
    }
    incomplete = {
        "cameras_without_owner": sum(not each.owner for each in inventory.cameras.values()),
        "cameras_without_maintainer": sum(not each.maintainer for each in inventory.cameras.values()),
        "sites_without_place": sum(each.latitude is None for each in inventory.sites.values()),
    }
    if as_json:
        print_json(counts | incomplete | {"warnings": unknown})
        return
    english = words("en")
    summary = ", ".join(english(f"count.{what}", count=f"{number:,}") for what, number in counts.items())
    typer.echo(f"The inventory is right: {summary}")
    for what, number in incomplete.items():
        if number:
            typer.echo(f"  {english(f'count.{what}', count=f'{number:,}')}")
    for line in unknown:
        typer.secho(line, fg="yellow", err=True)


@inventory_app.command("show", epilog="Example: pantau-collector inventory show --json | jq '.camera[].owner'")
def show_command(
    config: ConfigPath = DEFAULT_CONFIG,
    owner: Annotated[str | None, typer.Option(help="Only this owner's cameras: id or name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the inventory: each site with its cameras, whose they are, and how they are connected."""
    settings = open_config(config)
    inventory = open_inventory(settings)
    wanted = _known_owner(owner, inventory_names(settings.inventory)) if owner is not None else None
    cameras = [each for each in inventory.cameras.values() if wanted is None or each.owner == wanted]
    if as_json:
        tables: dict[str, Sequence[Any]] = {
            "owner": list(inventory.owners.values()),
            "maintainer": list(inventory.maintainers.values()),
            "uplink": list(inventory.uplinks.values()),
            "site": list(inventory.sites.values()),
            "device": list(inventory.devices.values()),
            "camera": cameras,
        }
        print_json({table: [in_order(each) for each in entries] for table, entries in tables.items()})
        return
    for site in inventory.sites.values():
        mine = [each for each in cameras if each.site == site.id]
        if wanted is not None and not mine:
            continue
        way = f", by {site.uplink}" if site.uplink else ""
        typer.secho(f"{site.id}  {site.name}{way}", bold=True)
        devices = [each for each in inventory.devices.values() if each.site == site.id and wanted is None]
        things: list[InventoryCamera | InventoryDevice] = [*devices, *mine]
        for each in things:
            via = f" <- {each.via}" if each.via else ""
            typer.echo(f"  {each.id}{via}  {each.name}  [{each.owner or '-'} / {each.maintainer or '-'}]")


@inventory_app.command("template", epilog="Example: pantau-collector inventory template cctv.xlsx")
def template_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Its name ends in .xlsx or .csv.")],
) -> None:
    """Write an empty sheet with the columns that an import understands, and an example row to be replaced."""
    with told():
        write_template(file)
    typer.echo(
        f"{file}: fill it in, a row a camera, and then: pantau-collector inventory import {file} --owner ..."
    )


def inventory_names(path: Path | None) -> Names:
    """What the inventory calls things."""
    with told():
        return Names([each for file in load_files(path) for each in file.placed()] if path else [])


def _own_file(config: Path, owner: str) -> tuple[Path, Path, str]:
    """The inventory, the department's own file of it, and the department's id."""
    path = open_config(config).inventory
    if path is None:
        fail(f"{config}: inventory: expected the file with owners and sites: the import stands beside it")
    with told():
        load_inventory(path)
    found = _known_owner(owner, inventory_names(path))
    return path, folder_of(path) / f"{found}.toml", found


def _known_owner(owner: str, names: Names) -> str:
    found = names.id_of("owner", owner)
    if found not in names.ids("owner"):
        fail(f"--owner: there is no owner `{owner}` in the inventory; {did_you_mean(owner, names.ids('owner'))}")
    return found


def _confirmed(messages: Console, path: Path) -> bool:
    if not sys.stdin.isatty():
        messages.print("There is nobody to ask: add --yes to write it.", style="yellow")
        return False
    return typer.confirm(f"Write this to {path}?", err=True)


def _show(plan: Plan, messages: Console) -> None:
    for remark in plan.remarks:
        messages.print(remark, style="yellow", markup=False)
    console = Console(highlight=False, soft_wrap=True)
    for change in plan.changes[:_CHANGES_SHOWN]:
        mark, colour = _MARKS[change.what]
        console.print(f"[{colour}]{mark} {change.table} {'/'.join(change.key)}[/]{_values(change)}")
    if len(plan.changes) > _CHANGES_SHOWN:
        console.print(f"  ... and {len(plan.changes) - _CHANGES_SHOWN:,} more; --dry-run --json shows all")
    counts = Counter((change.what, change.table) for change in plan.changes)
    summary = ", ".join(f"{number:,} {table} {what}" for (what, table), number in sorted(counts.items()))
    console.print(summary or "Nothing would change: the inventory is as the sheet says.")


def _values(change: Change) -> str:
    if change.what == "removed":
        return ""
    shown = [
        f"{key}: {_text(was)} -> {_text(will)}" if change.what == "changed" else f"{key} {_text(will)}"
        for key, (was, will) in change.values.items()
        if change.what == "changed" or key not in ("site", "id")
    ]
    return escape("  " + ", ".join(shown)) if shown else ""


def _text(value: object) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value)) or "nothing"
    return "nothing" if value in (None, "") else str(value)


def _as_json(plan: Plan, path: Path, *, done: bool) -> dict[str, Any]:
    return {
        "file": str(path),
        "written": done,
        "changes": [
            {
                "what": change.what,
                "table": change.table,
                "key": "/".join(change.key),
                "values": {key: {"old": was, "new": will} for key, (was, will) in change.values.items()},
            }
            for change in plan.changes
        ],
        "remarks": plan.remarks,
    }
