"""`pantau-collector inventory`: imports spreadsheets into the inventory, checks it and shows it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pantau_collector.commands.inventory_export import export_command
from pantau_collector.commands.inventory_found import found_command
from pantau_collector.commands.inventory_history import history_app
from pantau_collector.commands.inventory_import import import_command
from pantau_collector.commands.inventory_names import known_owner, load_names
from pantau_collector.commands.inventory_remove_site import remove_site_command
from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigPath,
    exit_on_error,
    open_config,
    open_inventory,
)
from pantau_collector.commands.output import print_json, say
from pantau_collector.inventory.model import InventoryCamera, InventoryDevice
from pantau_collector.inventory.write import in_order
from pantau_collector.notices.unknown_filters import find_unknown_filters
from pantau_collector.spreadsheet import write_template
from pantau_contract.words import words

inventory_app = typer.Typer(
    name="inventory", help="Who owns and mends what, where it stands, how it is connected.", no_args_is_help=True
)
inventory_app.command("import", epilog="Example: pantau-collector inventory import cctv.xlsx --owner dishub")(
    import_command
)
inventory_app.command("export", epilog="Example: pantau-collector inventory export --ansible inventory")(
    export_command
)
inventory_app.command(
    "found",
    epilog="Example: pantau-agent discover --json > found.json; pantau-collector inventory found found.json --site"
    " nongsa --ansible inventory --camera gate-north=10.10.1.11",
)(found_command)
inventory_app.command(
    "remove-site", epilog="Example: pantau-collector inventory remove-site simpang-kabil --dry-run"
)(remove_site_command)
inventory_app.add_typer(history_app)


@inventory_app.command(
    "check", epilog="Example: pantau-collector inventory check --config /etc/pantau/collector.toml"
)
def check_command(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Check the inventory, all its files together. Exit status 2: something is wrong, named by file and key."""
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
    say(f"The inventory is right: {summary}")
    for what, number in incomplete.items():
        if number:
            say(f"  {english(f'count.{what}', count=f'{number:,}')}")
    for line in unknown:
        say(line, colour="yellow", err=True)


@inventory_app.command("show", epilog="Example: pantau-collector inventory show --json | jq '.camera[].owner'")
def show_command(
    config: ConfigPath = DEFAULT_CONFIG,
    owner: Annotated[str | None, typer.Option(help="Only this owner's cameras: id or name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the inventory: each site with its cameras, whose they are, and how they are connected."""
    settings = open_config(config)
    inventory = open_inventory(settings)
    owner_id = known_owner(owner, load_names(settings.inventory)) if owner is not None else None
    cameras = [each for each in inventory.cameras.values() if owner_id is None or each.owner == owner_id]
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
    cameras_by_site: dict[str, list[InventoryCamera]] = {}
    for camera in cameras:
        cameras_by_site.setdefault(camera.site, []).append(camera)
    devices_by_site: dict[str, list[InventoryDevice]] = {}
    for device in inventory.devices.values() if owner_id is None else ():
        devices_by_site.setdefault(device.site, []).append(device)
    for site in inventory.sites.values():
        site_cameras = cameras_by_site.get(site.id, [])
        if owner_id is not None and not site_cameras:
            continue
        way = f", by {site.uplink}" if site.uplink else ""
        say(f"{site.id}  {site.name}{way}", bold=True)
        connected: list[InventoryCamera | InventoryDevice] = [*devices_by_site.get(site.id, ()), *site_cameras]
        for each in connected:
            via = f" <- {each.via}" if each.via else ""
            say(f"  {each.id}{via}  {each.name}  [{each.owner or '-'} / {each.maintainer or '-'}]")


@inventory_app.command("template", epilog="Example: pantau-collector inventory template cctv.xlsx")
def template_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Its name ends in .xlsx or .csv.")],
) -> None:
    """Write an empty sheet with the columns that an import understands, and an example row to be replaced."""
    with exit_on_error():
        write_template(file)
    say(f"{file}: fill it in, a row a camera, and then: pantau-collector inventory import {file} --owner ...")
