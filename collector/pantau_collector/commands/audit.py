"""`pantau-collector audit`: who did what, and who looked at which camera's picture."""

import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pantau_collector.access.audit_entry import AuditEntry
from pantau_collector.accounts.actor import record
from pantau_collector.commands.access_options import changing, here
from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    AsJson,
    ConfigPath,
    fail,
    open_config,
    open_store,
)
from pantau_collector.commands.output import TextTable, print_json, print_pieces, print_table, say
from pantau_collector.commands.time_options import ZoneOption, iso, local_zone, moment_ms, shown
from pantau_collector.reports import audit_export
from pantau_collector.store import audit_rows

audit_app = typer.Typer(name="audit", help="Who did what, and who looked at what.", no_args_is_help=True)

WhoOption = Annotated[str, typer.Option(metavar="NAME", help="Only of one account, token or user.")]
ActionOption = Annotated[
    str, typer.Option(metavar="ACTION", help="Only of one kind, as signed_in or picture_seen.")
]


class Format(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSON = "json"


@audit_app.command("list", epilog="Example: pantau-collector audit list --who ani --last 50")
def list_command(
    config: ConfigPath = DEFAULT_CONFIG,
    who: WhoOption = "",
    action: ActionOption = "",
    last: Annotated[int, typer.Option(min=1, max=10_000, help="So many entries, the last one first.")] = 30,
    timezone: ZoneOption = None,
    as_json: AsJson = False,
) -> None:
    """List the latest entries of the audit log."""
    settings = open_config(config)
    zone = local_zone(settings, timezone)
    with open_store(settings) as store, store.begin() as connection:
        entries = audit_rows.load_latest(connection, last, who=who, action=action)
    if as_json:
        print_json([_as_builtins(each) for each in entries])
        return
    if not entries:
        say("There is no such entry.")
        return
    table = TextTable("when", "who", "from", "did", "to what", "")
    for each in entries:
        who_and_kind = each.who if each.kind == "account" else f"{each.who} ({each.kind})"
        table.add_row(shown(each.time_ms, zone), who_and_kind, each.address, each.action, each.target, each.detail)
    print_table(table)


@audit_app.command(
    "export", epilog="Example: pantau-collector audit export --from 30d --format csv --out audit.csv"
)
def export_command(
    config: ConfigPath = DEFAULT_CONFIG,
    form: Annotated[Format, typer.Option("--format", help="csv or json.")] = Format.CSV,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="As 2026-11-01, or 30d ago; otherwise all.")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="TIME", help="Until then; otherwise until now.")] = None,
    who: WhoOption = "",
    action: ActionOption = "",
    out: Annotated[Path | None, typer.Option(help="A new file; otherwise standard output.")] = None,
    timezone: ZoneOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Export the audit log, the first entry first. That it was exported is an entry too.

    Exit status: 0 it is written; 1 it cannot be; 2 something in the options is wrong.
    """
    settings = open_config(config)
    zone, now_ms = local_zone(settings, timezone), time.time_ns() // 1_000_000
    from_ms = moment_ms("--from", from_, zone, now_ms, past=True) if from_ is not None else None
    to_ms = moment_ms("--to", to, zone, now_ms, past=True) if to is not None else None
    render = audit_export.as_json if as_json or form is Format.JSON else audit_export.as_csv
    with open_store(settings) as store, store.begin() as connection:
        entries = audit_rows.load_entries(connection, from_ms=from_ms, to_ms=to_ms, who=who, action=action)
        _write(render(entries), out)
    with changing(config) as (_, connection):
        actor, at_ms = here()
        record(connection, actor, at_ms, "audit_exported", out.name if out else "")


def _write(pieces: Iterator[str], out: Path | None) -> None:
    if out is None:
        print_pieces(pieces)
        return
    try:
        with out.open("x", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
    except OSError as error:
        fail(f"--out: {out} cannot be written: {error.strerror}", exit_code=EXIT_NOT_DONE)


def _as_builtins(entry: AuditEntry) -> dict[str, Any]:
    return {
        "time": iso(entry.time_ms),
        "who": entry.who,
        "kind": entry.kind,
        "address": entry.address,
        "action": entry.action,
        "target": entry.target,
        "detail": entry.detail,
    }
