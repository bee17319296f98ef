"""`pantau-collector sites`: what each site's agent runs, and when it was last heard."""

import time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from pantau_collector.certificate_watch import days_left
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
from pantau_collector.fleet.model import Fleet, Site
from pantau_collector.inventory import Inventory
from pantau_collector.store.fleet_rows import load_fleet
from pantau_contract.states import State
from pantau_contract.words import Words
from pantau_service.language_option import LanguageOption, words_for

_COLUMNS = ("site", "name", "online", "heard", "cameras", "version", "configuration", "certificate")


def sites_command(
    site: Annotated[list[str] | None, typer.Argument(metavar="[SITE]...", help="Only these.")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
    timezone: ZoneOption = None,
    language: LanguageOption = None,
    as_json: AsJson = False,
) -> None:
    """List the sites: whether and when each was heard, its cameras that work, its version and configuration.

    The configuration is the digest that `pantau-agent check` prints: the same means that what runs is what is
    written. Exit status: 0; 1 a named site was never heard, or the state cannot be read; 2 wrong usage.
    """
    settings = open_config(config)
    inventory, words = open_inventory(settings), words_for(language)
    with open_store(settings) as store, store.begin() as connection:
        fleet = load_fleet(connection)
    wanted = sorted(site or inventory.sites.keys() | fleet.sites.keys())
    if unheard := [name for name in site or () if name not in fleet.sites]:
        fail(*(f"{name}: no agent of that site was ever heard" for name in unheard), exit_code=EXIT_NOT_DONE)
    found = [_as_builtins(name, fleet, inventory) for name in wanted]
    if as_json:
        print_json(found)
    elif found:
        zone = local_zone(settings, timezone)
        print_table(_table(found, words, zone))
    else:
        say(words("sites.none"))


def _as_builtins(name: str, fleet: Fleet, inventory: Inventory) -> dict[str, Any]:
    known, now_ms = inventory.site(name), time.time_ns() // 1_000_000
    heard = fleet.sites.get(name, Site(name, first_s=0.0, online=False))
    watched = [camera for camera in heard.cameras.values() if camera.state is not State.DISABLED]
    return {
        "site": name,
        "name": known.name or heard.name or name,
        "online": heard.online,
        "heard": iso(heard.heard_ms or None),
        "heard_ms": heard.heard_ms or None,
        "heard_s_ago": round((now_ms - heard.heard_ms) / 1000, 1) if heard.heard_ms else None,
        "cameras": len(watched),
        "cameras_ok": sum(camera.state is State.OK for camera in watched) if heard.online else 0,
        "version": heard.version or None,
        "configuration": heard.configuration or None,
        "certificate": heard.first_certificate[0] if heard.first_certificate else None,
        "certificate_days": days_left(heard.first_certificate[1], now_ms) if heard.first_certificate else None,
    }


def _table(found: list[dict[str, Any]], words: Words, zone: ZoneInfo) -> TextTable:
    table = TextTable()
    for column in _COLUMNS:
        table.add_column(words(f"sites.{column}"))
    for each in found:
        table.add_row(
            each["site"],
            each["name"],
            words("sites.yes" if each["online"] else "sites.no"),
            shown(each["heard_ms"], zone),
            f"{each['cameras_ok']}/{each['cameras']}",
            each["version"] or "",
            each["configuration"] or "",
            "" if each["certificate"] is None else f"{each['certificate_days']:.0f} ({each['certificate']})",
            style=None if each["online"] else "dim",
        )
    return table
