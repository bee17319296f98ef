"""`pantau-collector contracts`: checks the contracts, and exchanges them with spreadsheets."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pantau_collector.commands.confirmation import may_write
from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    AsJson,
    ConfigPath,
    exit_on_error,
    fail,
    open_config,
    open_inventory,
)
from pantau_collector.commands.output import TextTable, print_json, print_table, say
from pantau_collector.contracts import Contracts, load_contracts
from pantau_collector.contracts.coverage import covered_cameras
from pantau_collector.contracts.import_plan import Change, ImportPlan, plan_import, write_contracts
from pantau_collector.contracts.sheet import rows_of
from pantau_collector.inventory import Inventory
from pantau_collector.names import slug
from pantau_collector.spreadsheet.keyed_table import write_keyed_table
from pantau_contract.words import words

contracts_app = typer.Typer(
    name="contracts", help="Who is paid for which cameras, and what is deducted.", no_args_is_help=True
)

_MARKS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red")}


@contracts_app.command(
    "check", epilog="Example: pantau-collector contracts check --config /etc/pantau/collector.toml"
)
def check_command(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Check the contracts, all their files together and with the inventory, and show what each covers today.

    Exit status 2: something is wrong, named by file, contract and key.
    """
    inventory, contracts, _ = _open(config)
    say(*contracts.remarks, colour="yellow", err=True)
    cameras = {each.id: sum(1 for _ in covered_cameras(each, inventory)) for each in contracts}
    if as_json:
        rows = [each.model_dump(mode="json") | {"covered_cameras": cameras[each.id]} for each in contracts]
        print_json({"contracts": rows, "warnings": list(contracts.remarks)})
        return
    english = words("en")
    say(f"The contracts are right: {english('count.contracts', count=len(contracts))}")
    if not len(contracts):
        return
    table = TextTable("id", "kind", "party", "from", "to", "cameras", "fee", "per", "target")
    for each in contracts:
        per = each.unit if each.fee_per == "unit" else "month"
        table.add_row(
            each.id,
            each.kind,
            each.party,
            str(each.valid_from),
            str(each.valid_to),
            f"{cameras[each.id]:,}",
            f"Rp {each.fee:,}",
            per,
            f"{each.target} %",
        )
    print_table(table)


@contracts_app.command("export", epilog="Example: pantau-collector contracts export kontrak.xlsx")
def export_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Its name ends in .xlsx or .csv.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write all contracts into a sheet, a row each, which `contracts import` understands.

    Exit status 2: the contracts are wrong, or there is such a file already.
    """
    _, contracts, _ = _open(config)
    with exit_on_error():
        header, rows = rows_of(contracts)
        write_keyed_table(file, "contracts", header, rows)
    say(f"{file}: {words('en')('count.contracts', count=len(contracts))}")


@contracts_app.command("import", epilog="Example: pantau-collector contracts import kontrak.xlsx --into dishub")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A spreadsheet: .csv, .xlsx, .xls or .ods.")],
    config: ConfigPath = DEFAULT_CONFIG,
    into: Annotated[str, typer.Option(help="The file beside the contracts: contracts.d/NAME.toml.")] = "imported",
    remove: Annotated[
        bool, typer.Option("--remove", help="Take out of that file what is not in the sheet.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a sheet of contracts, a row each: show what would change, ask, and write it.

    If one row is wrong, nothing is taken. Exit status: 0 they are as the sheet says; 1 it was not wanted, or
    cannot be written; 2 something is wrong. With --json it does not ask: it needs --yes or --dry-run.
    """
    if as_json and not (yes or dry_run):
        fail("--json does not ask: add --yes, or --dry-run to see what would change")
    try:
        slug(into)
    except ValueError as error:
        fail(f"--into: {error}, got {into!r}")
    inventory, _, path = _open(config)
    with exit_on_error():
        plan = plan_import(file, path, inventory, into=into, remove=remove, today=_today())
    if not as_json:
        _print_plan(plan)
    done = bool(plan.changes) and not dry_run
    if done:
        if not yes and not may_write(plan.path):
            fail("Nothing is changed.", exit_code=EXIT_NOT_DONE)
        try:
            write_contracts(plan.path, plan.contracts, file.name)
        except OSError as error:
            fail(f"{plan.path}: it cannot be written, and is as it was: {error.strerror}", exit_code=EXIT_NOT_DONE)
    if as_json:
        changes = [{"what": each.what, "contract": each.contract, "values": each.values} for each in plan.changes]
        print_json({"file": str(plan.path), "written": done, "changes": changes, "kept": plan.kept})
    elif done:
        say(f"{plan.path} is written.", err=True)


def _open(config: Path) -> tuple[Inventory, Contracts, Path]:
    settings = open_config(config)
    if settings.contracts is None:
        fail(f'{config}: contracts: expected the file of contracts, as contracts = "contracts.toml"')
    inventory = open_inventory(settings)
    with exit_on_error():
        return inventory, load_contracts(settings.contracts, inventory, today=_today()), settings.contracts


def _today() -> date:
    return date.today()  # noqa: DTZ011 - a day more or less is no matter where it is used


def _print_plan(plan: ImportPlan) -> None:
    for change in plan.changes:
        mark, colour = _MARKS[change.what]
        say(f"{mark} {change.contract}{_values(change)}", colour=colour)
    for contract in plan.kept:
        say(f"  {contract} is not in the sheet, and stays; --remove takes it out", colour="yellow", err=True)
    if not plan.changes:
        say("Nothing would change: the contracts are as the sheet says.")


def _values(change: Change) -> str:
    if change.what != "changed":
        return ""
    return "  " + ", ".join(
        f"{key}: {old or 'nothing'} -> {new or 'nothing'}" for key, (old, new) in change.values.items()
    )
