"""`pantau-collector token`: tokens for programs, which ask the API, and for screens, which show the wall."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from pantau_collector.access.access_token import AccessToken, TokenKind
from pantau_collector.access.role import Role
from pantau_collector.accounts import token_changes
from pantau_collector.accounts.changes import describe_rights
from pantau_collector.commands.access_options import (
    OwnersOption,
    ProjectsOption,
    SitesOption,
    changing,
    here,
    scope_of,
)
from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    MAX_NUMBER,
    AsJson,
    ConfigPath,
    open_config,
    open_store,
)
from pantau_collector.commands.output import TextTable, print_json, print_table, say
from pantau_collector.commands.time_options import iso, shown
from pantau_collector.store import token_rows

token_app = typer.Typer(name="token", help="Tokens for programs and for screens.", no_args_is_help=True)


class TokenRole(StrEnum):
    """The roles that a token may have."""

    SCREEN = "screen"
    VIEWER = "viewer"
    OPERATOR = "operator"


@token_app.command("add", epilog="Example: pantau-collector token add 'lobby screen' --role screen --days 365")
def add_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, as people will recognise it.")],
    config: ConfigPath = DEFAULT_CONFIG,
    role: Annotated[
        TokenRole, typer.Option(help="screen: shows the wall and may do nothing; the others: for programs.")
    ] = TokenRole.VIEWER,
    owner: OwnersOption = None,
    project: ProjectsOption = None,
    site: SitesOption = None,
    days: Annotated[int, typer.Option(help="Days until it ends.")] = 90,
    as_json: AsJson = False,
) -> None:
    """Make a token, and print it once; only a hash of it is kept.

    A program sends it as `Authorization: Bearer TOKEN`, never in an address. A screen opens the address that is
    printed.

    Exit status: 0 here it is; 1 there can be no such token; 2 something in the options is wrong.
    """
    with changing(config) as (settings, connection):
        scope = scope_of(settings, owner, project, site)
        kind: TokenKind = "screen" if role is TokenRole.SCREEN else "api"
        made, secret = token_changes.make_token(
            connection, *here(), kind=kind, name=name, role=Role[role.upper()], scope=scope, days=days
        )
    url = settings.web.screen_link(secret) if kind == "screen" else None
    if as_json:
        print_json({**_as_builtins(made), "token": secret, "link": url})
        return
    say(
        f"Token {made.id} is {describe_rights(made.role, made.scope)}, until {shown(made.ends_ms, settings.zone)}."
    )
    say("It is not shown again:", url or secret)


@token_app.command("list", epilog="Example: pantau-collector token list --json")
def list_command(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """List the tokens, without their secrets."""
    settings = open_config(config)
    with open_store(settings) as store, store.begin() as connection:
        tokens = token_rows.load_tokens(connection)
    if as_json:
        print_json([_as_builtins(each) for each in tokens])
        return
    if not tokens:
        say("There is no token.")
        return
    table = TextTable("No.", "what for", "may", "made by", "ends", "last used", "revoked")
    for each in tokens:
        table.add_row(
            str(each.id),
            each.name,
            describe_rights(each.role, each.scope),
            each.by,
            shown(each.ends_ms, settings.zone),
            shown(each.used_ms, settings.zone),
            shown(each.revoked_ms, settings.zone),
            style="dim" if each.revoked_ms is not None else None,
        )
    print_table(table)


@token_app.command("revoke", epilog="Example: pantau-collector token revoke 3")
def revoke_command(
    number: Annotated[
        int, typer.Argument(metavar="N", max=MAX_NUMBER, help="Its number, as `token list` has it.")
    ],
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Revoke a token at once; screens that it signed in are signed out. Exit status 1: there is none to revoke."""
    with changing(config) as (_, connection):
        token_changes.revoke_token(connection, *here(), number)
    if as_json:
        print_json({"id": number, "revoked": True})
    else:
        say(f"Token {number} is revoked.")


def _as_builtins(token: AccessToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "kind": token.kind,
        "name": token.name,
        "role": token.role.name.lower(),
        "owners": list(token.scope.owners),
        "projects": list(token.scope.projects),
        "sites": list(token.scope.sites),
        "by": token.by,
        "created": iso(token.created_ms),
        "ends": iso(token.ends_ms),
        "used": iso(token.used_ms),
        "revoked": iso(token.revoked_ms),
    }
