"""Options of the commands about accounts and tokens, and a transaction in which they change these."""

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from pantau_collector.access.account import AccountError
from pantau_collector.access.scope import Scope
from pantau_collector.accounts.actor import Actor, on_this_machine
from pantau_collector.commands.opening import EXIT_NOT_DONE, fail, open_config, open_inventory, open_store
from pantau_collector.config import CollectorConfig
from pantau_service.settings import did_you_mean

OwnersOption = Annotated[
    list[str] | None,
    typer.Option("--owner", metavar="OWNER", help="Cameras of an owner, by id or name; repeatable."),
]
ProjectsOption = Annotated[
    list[str] | None, typer.Option("--project", metavar="PROJECT", help="Cameras of a project; repeatable.")
]
SitesOption = Annotated[
    list[str] | None, typer.Option("--site", metavar="SITE", help="A whole site, by its id; repeatable.")
]


class RoleName(StrEnum):
    """The roles that an account may have."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@contextmanager
def changing(config: Path) -> Iterator[tuple[CollectorConfig, Connection]]:
    """Open a transaction on the collector's state; what cannot be done ends the command with 1."""
    settings = open_config(config)
    with open_store(settings) as store:
        try:
            with store.begin() as connection:
                yield settings, connection
        except AccountError as error:
            fail(str(error), exit_code=EXIT_NOT_DONE)


def here() -> tuple[Actor, int]:
    """Return the user of this machine who calls the command, and the present time (UTC ms)."""
    return on_this_machine(getpass.getuser()), time.time_ns() // 1_000_000


def scope_of(
    settings: CollectorConfig, owners: list[str] | None, projects: list[str] | None, sites: list[str] | None
) -> Scope:
    """Return the part of the city that the options name; what the inventory does not have ends the command."""
    if not (owners or projects or sites):
        return Scope()
    inventory = open_inventory(settings)
    owners_by_name = {each.name: each.id for each in inventory.owners.values() if each.name}
    owners_by_name |= {each: each for each in inventory.owners}
    project_names = {each.project: each.project for each in inventory.cameras.values() if each.project}
    return Scope(
        owners=_ids("--owner", owners, owners_by_name),
        projects=_ids("--project", projects, project_names),
        sites=_ids("--site", sites, {each: each for each in inventory.sites}),
    )


def _ids(option: str, texts: list[str] | None, names: dict[str, str]) -> tuple[str, ...]:
    """Return the id that each text names, whatever its capitals; `names` has the ids by name."""
    known = {name.casefold(): ident for name, ident in names.items()}
    found = []
    for text in texts or ():
        if (ident := known.get(text.strip().casefold())) is None:
            fail(f"{option}: the inventory has no {text!r}; {did_you_mean(text, sorted(names))}")
        found.append(ident)
    return tuple(found)
