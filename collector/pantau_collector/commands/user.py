"""`pantau-collector user`: who may sign in to the pages, and what they may do and see there."""

import getpass
import sys
from typing import Annotated, Any

import typer

from pantau_collector.access.account import Account
from pantau_collector.access.passwords import PasswordError, Passwords
from pantau_collector.access.role import Role
from pantau_collector.accounts import changes
from pantau_collector.commands.access_options import (
    OwnersOption,
    ProjectsOption,
    RoleName,
    SitesOption,
    changing,
    here,
    scope_of,
)
from pantau_collector.commands.opening import DEFAULT_CONFIG, AsJson, ConfigPath, fail, open_config, open_store
from pantau_collector.commands.output import TextTable, print_json, print_table, say
from pantau_collector.commands.time_options import iso, shown
from pantau_collector.store import account_rows

user_app = typer.Typer(name="user", help="Who may sign in, and what they may do and see.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The account's name, as `user list` has it.")]
_MAX_PASSWORD_LINE = 4096


@user_app.command("add", epilog="Example: pantau-collector user add ani --role operator --owner dishub")
def add_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As ani, or ani@batam.go.id.")],
    config: ConfigPath = DEFAULT_CONFIG,
    role: Annotated[RoleName, typer.Option(help="What they may do.")] = RoleName.VIEWER,
    full_name: Annotated[str, typer.Option(help="Their name, for people.")] = "",
    owner: OwnersOption = None,
    project: ProjectsOption = None,
    site: SitesOption = None,
    as_json: AsJson = False,
) -> None:
    """Add an account, and print a one-time link by which it is signed in to, and sets its password.

    Without --owner, --project and --site it is for the whole city. With them it is for the cameras to which any of
    them applies.

    Exit status: 0 it is there; 1 there is one of that name already; 2 something in the options is wrong.
    """
    with changing(config) as (settings, connection):
        scope = scope_of(settings, owner, project, site)
        account = changes.add_account(
            connection, *here(), name=name, role=Role[role.upper()], scope=scope, full_name=full_name
        )
        url = settings.web.sign_in_link(changes.make_link(connection, *here(), account.name))
    if as_json:
        print_json({**_as_builtins(account), "link": url})
        return
    say(f"{account.name} is {changes.describe(account)}. They sign in once, within a day, at:", url)


@user_app.command("link", epilog="Example: pantau-collector user link ani")
def link_command(name: NameArgument, config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Print a link by which an account is signed in to once, within a day; an earlier one is no longer valid.

    For a new password, a lost one, or a person who is kept out by strangers' attempts.

    Exit status: 0 here it is; 1 there is no such account, or it is disabled; 2 the configuration is wrong.
    """
    with changing(config) as (settings, connection):
        url = settings.web.sign_in_link(changes.make_link(connection, *here(), name))
    if as_json:
        print_json({"name": name.strip().casefold(), "link": url})
    else:
        say(url)


@user_app.command("list", epilog="Example: pantau-collector user list --json")
def list_command(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """List the accounts."""
    settings = open_config(config)
    with open_store(settings) as store, store.begin() as connection:
        accounts = account_rows.load_accounts(connection)
    if as_json:
        print_json([_as_builtins(each) for each in accounts])
        return
    if not accounts:
        say("There is no account yet: the collector makes the first one when it starts.")
        return
    table = TextTable("name", "who", "may", "signs in by", "last signed in", "disabled")
    for each in accounts:
        table.add_row(
            each.name,
            each.full_name,
            changes.describe(each),
            "the city's provider" if each.provider else "password" if each.password else "link",
            shown(each.signed_in_ms, settings.zone),
            shown(each.disabled_ms, settings.zone),
            style="dim" if each.disabled_ms is not None else None,
        )
    print_table(table)


@user_app.command("disable", epilog="Example: pantau-collector user disable ani")
def disable_command(name: NameArgument, config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Disable an account: its sessions end at once, and it cannot sign in.

    Exit status: 0 it is disabled; 1 there is none of that name, or it is the only admin.
    """
    with changing(config) as (_, connection):
        ended = changes.disable(connection, *here(), name)
    told = {"name": name, "disabled": True, "sessions_ended": ended}
    _done(told, f"{name} is disabled; sessions ended: {ended}.", as_json=as_json)


@user_app.command("enable", epilog="Example: pantau-collector user enable ani")
def enable_command(name: NameArgument, config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Enable an account again. Exit status 1: there is none of that name."""
    with changing(config) as (_, connection):
        changes.enable(connection, *here(), name)
    _done({"name": name, "disabled": False}, f"{name} is enabled.", as_json=as_json)


@user_app.command("password", epilog="Example: pantau-collector user password ani")
def password_command(name: NameArgument, config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Set an account's password, which is asked on the terminal, or read as one line of standard input.

    All its sessions end. Exit status: 0 it is set; 1 there is no such account; 2 it is not accepted as a password.
    """
    with changing(config) as (_, connection):
        account = changes.find_account(connection, name)
    try:
        hashed = changes.hashed_password(Passwords(), _asked_password(), account.name)
    except PasswordError as error:
        fail(str(error))
    with changing(config) as (_, connection):
        ended = changes.set_password(connection, *here(), account.name, hashed)
    told = {"name": account.name, "sessions_ended": ended}
    _done(told, f"The password of {account.name} is set; sessions ended: {ended}.", as_json=as_json)


@user_app.command("role", epilog="Example: pantau-collector user role ani operator")
def role_command(
    name: NameArgument,
    role: Annotated[RoleName, typer.Argument(help="What they may do.")],
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Change what an account may do. Exit status 1: there is none, or it would leave no admin."""
    with changing(config) as (_, connection):
        account = changes.set_rights(connection, *here(), name, role=Role[role.upper()])
    _done(_as_builtins(account), f"{account.name} is {changes.describe(account)}.", as_json=as_json)


@user_app.command("scope", epilog="Example: pantau-collector user scope ani --owner dishub --site simpang-kabil")
def scope_command(
    name: NameArgument,
    config: ConfigPath = DEFAULT_CONFIG,
    owner: OwnersOption = None,
    project: ProjectsOption = None,
    site: SitesOption = None,
    whole_city: Annotated[bool, typer.Option("--whole-city", help="All of it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change of which part of the city an account sees anything. Exit status 1: there is none of that name."""
    if whole_city == bool(owner or project or site):
        fail("expected --owner, --project or --site, or else --whole-city")
    with changing(config) as (settings, connection):
        scope = scope_of(settings, owner, project, site)
        account = changes.set_rights(connection, *here(), name, scope=scope)
    _done(_as_builtins(account), f"{account.name} is {changes.describe(account)}.", as_json=as_json)


def _asked_password() -> str:
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != password:
            fail("the two are not the same")
        return password
    return sys.stdin.readline(_MAX_PASSWORD_LINE).rstrip("\r\n")


def _done(told: dict[str, Any], line: str, *, as_json: bool) -> None:
    if as_json:
        print_json(told)
    else:
        say(line)


def _as_builtins(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "full_name": account.full_name,
        "role": account.role.name.lower(),
        "owners": list(account.scope.owners),
        "projects": list(account.scope.projects),
        "sites": list(account.scope.sites),
        "has_password": bool(account.password),
        "provider": account.provider,
        "created": iso(account.created_ms),
        "created_by": account.created_by,
        "disabled": iso(account.disabled_ms),
        "signed_in": iso(account.signed_in_ms),
    }
