"""`pantau-collector forget`: takes a site off the wall that is no more, or that was set up under a wrong id."""

import shutil
import time
from pathlib import Path
from typing import Annotated

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
from pantau_collector.commands.output import print_json, say
from pantau_collector.data_dir import DataDir
from pantau_collector.fleet.model import Site
from pantau_collector.store import fleet_rows, forgotten_rows
from pantau_service.settings import did_you_mean

_SILENT_S = 300
"""Seconds for which a site must not have reported; one that still reports would come back at once."""


def forget_command(
    site: Annotated[str, typer.Argument(help="The site's id, as the wall and `inventory show` have it.")],
    config: ConfigPath = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what goes along.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a site that is no more, with its cameras. It shows what goes along, and asks first.

    Its incidents end, and nobody is told so; what is planned for it is cancelled; its pictures are deleted.
    What is in InfluxDB stays. A site that reports again is there again. --dry-run also shows a site that still
    reports, or that the inventory has.

    Exit status: 0 it is forgotten, within a second if the collector runs, or else at its next start; 1 it still
    reports, or nobody agreed; 2 there is no such site, or the inventory has it.

    Example: pantau-collector forget simpang-kabl
    """
    settings = open_config(config)
    if not dry_run and site in open_inventory(settings).sites:
        fail(f"site `{site}` is in the inventory {settings.inventory}, or in its folder: take it out there first")
    now_ms = time.time_ns() // 1_000_000
    with open_store(settings) as store:
        with store.begin() as connection:
            sites = fleet_rows.load_fleet(connection).sites
            traces = forgotten_rows.load_traces(connection, site)
        if site not in sites:
            fail(f"there is no site `{site}`; {did_you_mean(site, sorted(sites))}")
        if not dry_run:
            _check_silent(sites[site], now_ms)
        paths = DataDir(settings.data_dir)
        pictures = [paths.pictures / site, paths.snapshots / site, *paths.outage_pictures.glob(f"*/{site}")]
        count = sum(1 for folder in pictures for _ in folder.glob("*/*.jpg"))
        if not as_json:
            say(f"What goes along with site {site}:")
            say(f"  cameras: {', '.join(traces.cameras) or 'none'}")
            say(f"  open incidents: {', '.join(map(str, traces.incidents)) or 'none'}")
            say(f"  planned maintenance: {', '.join(map(str, traces.downtimes)) or 'none'}")
            say(f"  pictures: {count}")
        if not yes and not dry_run and not typer.confirm("Forget it?", err=True):
            raise typer.Exit(EXIT_NOT_DONE)
        if not dry_run:
            with store.begin() as connection:
                forgotten_rows.request_forget(connection, site, now_ms=now_ms)
    for folder in [] if dry_run else pictures:
        _delete(folder)
    if as_json:
        print_json({"id": site, **traces._asdict(), "pictures": count})
    elif not dry_run:
        say(f"Site {site} is forgotten.")


def _check_silent(site: Site, now_ms: int) -> None:
    silent_s = (now_ms - site.heard_ms) / 1000
    if not site.dead and silent_s < _SILENT_S:
        fail(
            f"site `{site.id}` reported {silent_s:.0f} s ago: stop its agent first, or it would be back at once",
            exit_code=EXIT_NOT_DONE,
        )


def _delete(pictures: Path) -> None:
    try:
        shutil.rmtree(pictures)
    except FileNotFoundError:
        pass
    except OSError as error:
        say(f"{pictures}: cannot be deleted: {error.strerror}", colour="red", err=True)
