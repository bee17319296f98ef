"""`pantau-collector inventory export`: brings what the city's inventory has into the inventory of Ansible."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pantau_collector.ansible_inventory.listed import with_listed
from pantau_collector.ansible_inventory.site_file import path_of, read_site, sites_of_hosts, write_site
from pantau_collector.commands.confirmation import may_write
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
from pantau_collector.inventory.load import load_inventory
from pantau_collector.names import slug

AnsibleFolder = Annotated[
    Path,
    typer.Option(
        "--ansible", file_okay=False, exists=True, help="The folder of Ansible's inventory, with hosts.yml."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]


def export_command(
    ansible: AnsibleFolder,
    config: ConfigPath = DEFAULT_CONFIG,
    inventory: Annotated[
        str | None,
        typer.Option(
            help="The inventory's file, in place of the one that --config names; - reads what `inventory show"
            " --json` printed, as on another machine."
        ),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write the names of sites and cameras into Ansible's inventory, so that nobody types them twice.

    It writes host_vars/SITE/cameras.yml. Addresses, and all else that is there, stay: `inventory found` brings
    addresses. There is no password in it. A camera that the city's inventory does not have stays, and is named.

    Exit status: 0 it is as the inventory says, or was so already; 1 it was not wanted, or cannot be written; 2
    something in the inventory or the options is wrong.
    """
    if as_json and not (yes or dry_run):
        fail("--json does not ask: add --yes, or --dry-run to see what would change")
    with exit_on_error():
        names, cameras = _listed(config, inventory)
        hosts = sites_of_hosts(ansible)
        merged = {site: with_listed(read_site(ansible, site), names[site], cameras[site]) for site in names}
    changed = {site: each for site, each in merged.items() if each.changes}
    absent = [site for site in names if site not in hosts]
    if not as_json:
        for site, each in merged.items():
            say(*(f"{site}: {change}" for change in each.changes), colour="green")
            say(*(f"{site}: {remark}" for remark in each.remarks), colour="yellow", err=True)
        say(*(f"{site}: is in no hosts.yml of {ansible}: add it, with its address" for site in absent), err=True)
        if not changed:
            say("Nothing would change: Ansible's inventory is as the city's says.")
    if changed and not dry_run:
        if not yes and not may_write(ansible / "host_vars"):
            fail("Nothing is changed.", exit_code=EXIT_NOT_DONE)
        for site, each in changed.items():
            try:
                write_site(ansible, site, each.content)
            except OSError as error:
                fail(f"{path_of(ansible, site)}: cannot be written: {error.strerror}", exit_code=EXIT_NOT_DONE)
    if as_json:
        told = {site: {"changes": each.changes, "remarks": each.remarks} for site, each in merged.items()}
        print_json({"sites": told, "not_in_hosts": absent, "written": bool(changed) and not dry_run})


def _listed(config: Path, inventory: str | None) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the name of each site, and by site the name of each camera."""
    if inventory == "-":
        return _printed()
    path = Path(inventory) if inventory is not None else open_config(config).inventory
    if path is None:
        fail(f"{config}: inventory: expected the file with sites and cameras, or --inventory")
    loaded = load_inventory(path)
    names = {each.id: each.name for each in loaded.sites.values()}
    return _by_site(names, [(camera.site, camera.id, camera.name) for camera in loaded.cameras.values()])


def _printed() -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    try:
        printed: dict[str, Any] = json.load(sys.stdin)
        names = {slug(each["id"]): str(each.get("name", "")) for each in printed["site"]}
        listed = [(slug(each["site"]), slug(each["id"]), str(each.get("name", ""))) for each in printed["camera"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        fail("standard input: expected what `pantau-collector inventory show --json` prints")
    return _by_site(names, listed)


def _by_site(
    names: dict[str, str], cameras: list[tuple[str, str, str]]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    by_site: dict[str, dict[str, str]] = {site: {} for site in names}
    for site, camera, name in cameras:
        names.setdefault(site, "")
        by_site.setdefault(site, {})[camera] = name
    return names, by_site
