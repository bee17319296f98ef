"""`pantau-collector projects`: the city's projects, their cameras, and the pictures that are kept of them."""

from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    AsJson,
    ConfigPath,
    fail,
    open_config,
    open_inventory,
    open_store,
)
from pantau_collector.commands.output import TextTable, print_json, print_table, say
from pantau_collector.commands.time_options import ZoneOption, iso, local_zone, shown
from pantau_collector.config import CollectorConfig
from pantau_collector.data_dir import DataDir
from pantau_collector.fleet.model import Fleet
from pantau_collector.inventory import Inventory
from pantau_collector.pictures import CameraKey
from pantau_collector.projects import Project, find_project, projects_of
from pantau_collector.snapshots import SnapshotReader
from pantau_collector.snapshots.keeping import by_day
from pantau_collector.store.fleet_rows import load_fleet
from pantau_contract.states import State
from pantau_contract.words import Words
from pantau_service.language_option import LanguageOption, words_for
from pantau_service.settings import did_you_mean

projects_app = typer.Typer(name="projects", help="The city's projects and their cameras.", no_args_is_help=True)

_COLUMNS = ("project", "name", "owner", "contractor", "begin", "planned_end", "cameras")
_FACTS = ("owner", "contractor", "begin", "planned_end", "place", "budget_line")


@projects_app.command("list", epilog="Example: pantau-collector projects list --json")
def list_command(
    config: ConfigPath = DEFAULT_CONFIG, language: LanguageOption = None, as_json: AsJson = False
) -> None:
    """List the projects: those of the inventory, and those that cameras only name.

    Exit status: 0; 1 the state cannot be read; 2 the configuration or the inventory is wrong.
    """
    settings = open_config(config)
    inventory, words = open_inventory(settings), words_for(language)
    fleet = _fleet(settings)
    found = projects_of(inventory)
    if as_json:
        print_json([_as_builtins(each, inventory, fleet) for each in found])
    elif found:
        table = TextTable(*(words(f"project.{column}") for column in _COLUMNS))
        for each in found:
            ok = sum(_state(key, fleet) is State.OK for key in each.cameras)
            table.add_row(
                *(each.id, each.title, each.owner_name, each.contractor),
                *(_day(each.begin), _day(each.planned_end), f"{ok}/{len(each.cameras)}"),
            )
        print_table(table)
    else:
        say(words("project.none"))


@projects_app.command("show", epilog="Example: pantau-collector projects show jalan-layang-kabil")
def show_command(
    project: Annotated[str, typer.Argument(help="The project's id or name.")],
    config: ConfigPath = DEFAULT_CONFIG,
    timezone: ZoneOption = None,
    language: LanguageOption = None,
    as_json: AsJson = False,
) -> None:
    """Show a project: what the inventory says of it, and for each camera its state and the pictures that are kept.

    Exit status: 0; 1 there is no such project, or the state cannot be read; 2 the configuration or the inventory
    is wrong.
    """
    settings = open_config(config)
    inventory, words = open_inventory(settings), words_for(language)
    found = named_project(project, inventory)
    fleet, reader = _fleet(settings), SnapshotReader(DataDir(settings.data_dir).snapshots)
    zone = local_zone(settings, timezone)
    try:
        kept = {key: _kept(reader, key, zone) for key in found.cameras}
    except OSError as error:
        fail(str(error), exit_code=EXIT_NOT_DONE)
    if as_json:
        about = _as_builtins(found, inventory, fleet)
        print_json(about | {"cameras": [each | kept[each["site"], each["camera"]] for each in about["cameras"]]})
        return
    _say_facts(found, words)
    table = TextTable(*(words(f"project.{each}") for each in ("camera", "state", "days", "first", "last")))
    for key in found.cameras:
        state = words.state(_state(key, fleet))
        days, first, last = kept[key]["days"], kept[key]["first_ms"], kept[key]["last_ms"]
        table.add_row("/".join(key), state, str(days), shown(first, zone), shown(last, zone))
    print_table(table)


def named_project(text: str, inventory: Inventory) -> Project:
    """Return the project of an id or a name; an unknown one ends the command."""
    projects = projects_of(inventory)
    found = find_project(projects, text)
    if found is None:
        known = sorted({name for each in projects for name in (each.id, each.title)})
        hint = f"; {did_you_mean(text, known)}" if known else ": the inventory names none"
        fail(f"there is no project `{text}`{hint}", exit_code=EXIT_NOT_DONE)
    return found


def _fleet(settings: CollectorConfig) -> Fleet:
    with open_store(settings) as store, store.begin() as connection:
        return load_fleet(connection)


def _say_facts(project: Project, words: Words) -> None:
    say(f"{project.title} ({project.id})", bold=True)
    facts = {"owner": project.owner_name, "contractor": project.contractor, "place": project.place}
    facts |= {"begin": _day(project.begin), "planned_end": _day(project.planned_end)}
    facts |= {"budget_line": project.budget_line}
    for key in _FACTS:
        if facts[key]:
            say(f"  {words(f'project.{key}')}: {facts[key]}")
    if not project.is_listed:
        say(f"  {words('project.unlisted')}")


def _as_builtins(project: Project, inventory: Inventory, fleet: Fleet) -> dict[str, Any]:
    return {
        "project": project.id,
        "name": project.title,
        "listed": project.is_listed,
        "owner": project.owner or None,
        "owner_name": project.owner_name or None,
        "contractor": project.contractor or None,
        "begin": project.begin.isoformat() if project.begin else None,
        "planned_end": project.planned_end.isoformat() if project.planned_end else None,
        "place": project.place or None,
        "latitude": project.latitude,
        "longitude": project.longitude,
        "budget_line": project.budget_line or None,
        "cameras": [
            {"site": site, "camera": camera, "name": inventory.camera(site, camera).name or camera}
            | {"state": str(_state((site, camera), fleet))}
            for site, camera in project.cameras
        ],
    }


def _state(key: CameraKey, fleet: Fleet) -> State:
    site = fleet.sites.get(key[0])
    camera = site.cameras.get(key[1]) if site is not None and site.online else None
    return camera.state if camera is not None else State.UNKNOWN


def _kept(reader: SnapshotReader, key: CameraKey, zone: ZoneInfo) -> dict[str, Any]:
    true = [each for each in reader.list(key) if each.is_true]
    first, last = (true[0].taken_ms, true[-1].taken_ms) if true else (None, None)
    return {
        "days": len(by_day(true, zone)),
        "first": iso(first),
        "first_ms": first,
        "last": iso(last),
        "last_ms": last,
    }


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else ""
