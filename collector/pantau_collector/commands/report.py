"""`pantau-collector report`: what became of each camera's time in a month, and what that costs whom."""

from pathlib import Path
from typing import Annotated

import typer

from pantau_collector.commands import report_file
from pantau_collector.commands.opening import DEFAULT_CONFIG, AsJson, ConfigPath, fail, open_config
from pantau_collector.commands.output import print_json, say
from pantau_collector.commands.report_sources import AsOfOption, MonthOption, open_maker, parsed_month
from pantau_collector.commands.time_options import ZoneOption, iso
from pantau_collector.data_dir import DataDir
from pantau_collector.outage_pictures import OutagePictures
from pantau_collector.reports import as_csv, as_xlsx, budget, tables
from pantau_collector.reports.document import Key
from pantau_collector.reports.formats import render
from pantau_collector.reports.maker import KEYS
from pantau_service.language_option import LanguageOption, words_for
from pantau_service.settings import did_you_mean

report_app = typer.Typer(name="report", invoke_without_command=True)

_DEFAULT_KEY: Key = "owner"

FormatOption = Annotated[
    str | None,
    typer.Option("--format", help="pdf, html, xlsx, csv or json; otherwise by the name of --out, or else pdf."),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Otherwise a name by month and contract; - for a pipe."),
]


@report_app.callback(
    epilog="Example: pantau-collector report --month 2026-10 --contract pemeliharaan-a --out a.pdf"
)
def report_command(
    context: typer.Context,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="As 2026-10.")] = None,
    contract: Annotated[str | None, typer.Option(metavar="ID", help="The report of one contract.")] = None,
    by: Annotated[
        str | None, typer.Option(metavar="KEY", help=f"The city's report, divided by {', '.join(KEYS)}.")
    ] = None,
    form: FormatOption = None,
    out: OutOption = None,
    table: Annotated[str | None, typer.Option(metavar="NAME", help=f"Of CSV: {', '.join(tables.NAMES)}.")] = None,
    as_of: AsOfOption = None,
    config: ConfigPath = DEFAULT_CONFIG,
    timezone: ZoneOption = None,
    language: LanguageOption = None,
    as_json: AsJson = False,
) -> None:
    """Report a month: of a contract, or of the whole city divided by a key.

    A month that runs is reported up to now, and marked so. A closed month is reported as it was closed, with
    what is known otherwise since. `--json` tells what was written; the report itself is JSON by `--format json`.

    Exit status: 0; 1 the state cannot be read, or the file not written; 2 a wrong option, or no such contract.
    """
    if context.invoked_subcommand is not None:
        return
    words = words_for(language)
    if month is None:
        fail("--month: expected a month, as --month 2026-10")
    if contract is not None and by is not None:
        fail("expected --contract or --by, and not both")
    key = _key(by)
    chosen = report_file.chosen_format(form, out, "pdf")
    if table is not None and chosen != "csv":
        fail(f"--table: {chosen} has all tables; it is for csv alone")
    if table is not None and table not in tables.NAMES:
        fail(f"--table: there is no {table!r}; {did_you_mean(table, tables.NAMES)}")
    settings = open_config(config)
    with open_maker(settings, parsed_month(month), timezone, as_of) as maker:
        report = maker.contract(contract) if contract is not None else maker.city(key)
    pictures = OutagePictures(DataDir(settings.data_dir).outage_pictures, settings.outage_pictures)
    content = render(report, chosen, words, table, pictures=pictures)
    target = out or Path(f"pantau-{month}-{contract or key}.{chosen}")
    report_file.write(content, target, chosen)
    _tell(
        target, as_json=as_json, month=month, format=chosen, bytes=len(content), running=report.period.is_running
    )


def _key(by: str | None) -> Key:
    if by is None:
        return _DEFAULT_KEY
    if by not in KEYS:
        fail(f"--by: there is no {by!r}; {did_you_mean(by, KEYS)}")
    return KEYS[KEYS.index(by)]


@report_app.command("close", epilog="Example: pantau-collector report close --month 2026-10 --by 'Ibu Sari'")
def close_command(
    month: MonthOption,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who closes it.")],
    config: ConfigPath = DEFAULT_CONFIG,
    timezone: ZoneOption = None,
    as_json: AsJson = False,
) -> None:
    """Close a month that is over: its reports stay as they are now, and what is known later is a correction.

    It cannot be opened again. Exit status: 0; 1 it is closed already, or not over; 2 a wrong option.
    """
    if not by.strip() or len(by) > 200 or not by.isprintable():
        fail("--by: expected the name of the person who closes the month, up to 200 printable characters")
    with open_maker(open_config(config), parsed_month(month), timezone) as maker:
        closed = maker.close(by.strip())
    if as_json:
        print_json(closed._asdict() | {"closed": iso(closed.closed_ms)})
    else:
        say(f"{closed.month} is closed by {closed.by}; its figures have the digest {closed.digest}")


@report_app.command(
    "ebudget", epilog="Example: pantau-collector report ebudget --month 2026-10 --out anggaran.xlsx"
)
def ebudget_command(
    month: MonthOption,
    form: Annotated[str | None, typer.Option("--format", help="xlsx or csv; otherwise by --out.")] = None,
    out: OutOption = None,
    as_of: AsOfOption = None,
    config: ConfigPath = DEFAULT_CONFIG,
    timezone: ZoneOption = None,
    language: LanguageOption = None,
    as_json: AsJson = False,
) -> None:
    """Export a month for e-budgeting: of each contract the budget line, fee, deduction and what is payable.

    Exit status: 0; 1 the state cannot be read, or the file not written; 2 a wrong option, or no contracts.
    """
    words = words_for(language)
    chosen = report_file.chosen_format(form, out, "xlsx")
    if chosen not in {"xlsx", "csv"}:
        fail(f"--format: expected xlsx or csv, got {chosen}")
    with open_maker(open_config(config), parsed_month(month), timezone, as_of) as maker:
        rows = budget.budget_table(maker.accounts(), words)
    content = as_csv.render(rows, words.language) if chosen == "csv" else as_xlsx.workbook([rows], words)
    target = out or Path(f"pantau-{month}-ebudget.{chosen}")
    report_file.write(content, target, chosen)
    _tell(target, as_json=as_json, month=month, format=chosen, bytes=len(content), contracts=len(rows.rows))


def _tell(target: Path, *, as_json: bool, **what: object) -> None:
    """Tell what was written, unless the file itself went to standard output."""
    if target == report_file.STDOUT:
        return
    if as_json:
        print_json({"path": str(target), **what})
    else:
        say(str(target))
