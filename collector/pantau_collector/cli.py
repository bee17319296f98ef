"""The command `pantau-collector`."""

import logging
import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from pantau_collector import unsafe_settings
from pantau_collector.commands.attribute import attribute_command
from pantau_collector.commands.audit import audit_app
from pantau_collector.commands.backup import backup_command, restore_command
from pantau_collector.commands.contracts import contracts_app
from pantau_collector.commands.dossier import dossier_command
from pantau_collector.commands.downtime import downtime_app
from pantau_collector.commands.forget import forget_command
from pantau_collector.commands.incidents import ack_command, incidents_app
from pantau_collector.commands.init_influx import init_influx
from pantau_collector.commands.inventory import inventory_app
from pantau_collector.commands.ledger import ledger_command
from pantau_collector.commands.opening import fail
from pantau_collector.commands.outbox import outbox_app
from pantau_collector.commands.output import print_json, say
from pantau_collector.commands.projects import projects_app
from pantau_collector.commands.recipients import recipients_app
from pantau_collector.commands.renew_secret import renew_secret_command
from pantau_collector.commands.replay import replay
from pantau_collector.commands.report import report_app
from pantau_collector.commands.simulate import simulate_command
from pantau_collector.commands.sites import sites_command
from pantau_collector.commands.timelapse import timelapse_command
from pantau_collector.commands.token import token_app
from pantau_collector.commands.user import user_app
from pantau_collector.config import CollectorConfig, load
from pantau_collector.contracts import Contracts, load_contracts
from pantau_collector.data_dir import DataDir
from pantau_collector.inventory import Inventory, load_inventory
from pantau_collector.run import CannotStartError, run_until_stopped
from pantau_collector.sinks.open_access import open_access
from pantau_collector.store.layout import is_known, is_upgraded, layout_of, read_only, refusal
from pantau_contract.words import words
from pantau_service import log, private_data, version_option
from pantau_service.settings import ConfigError

app = typer.Typer(
    name="pantau-collector",
    help="Keeps what agents report, finds outages, tells those whom they concern, and shows the city.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.callback()(version_option.accept_version)
app.command("backup")(backup_command)
app.command("restore")(restore_command)
app.command("init-influx")(init_influx)
app.command()(replay)
app.command("ack")(ack_command)
app.command("dossier", epilog="Example: pantau-collector dossier 17 --out claim.pdf")(dossier_command)
app.command(
    "attribute",
    epilog="Example: pantau-collector attribute 12 --to third_party --party 'PT X' --reason 'cut cable' --by Ani",
)(attribute_command)
app.command("forget")(forget_command)
app.command("ledger", epilog="Example: pantau-collector ledger simpang-kabil/kabil-utara --from 2026-11-01")(
    ledger_command
)
app.command("renew-secret")(renew_secret_command)
app.command("sites", epilog="Example: pantau-collector sites --json simpang-kabil")(sites_command)
app.command("simulate")(simulate_command)
app.command(
    "timelapse",
    epilog="Example: pantau-collector timelapse jalan-layang-kabil --from 2026-03-01 --out layang.mp4",
)(timelapse_command)
app.add_typer(incidents_app)
app.add_typer(downtime_app)
app.add_typer(contracts_app)
app.add_typer(inventory_app)
app.add_typer(outbox_app)
app.add_typer(projects_app)
app.add_typer(recipients_app)
app.add_typer(report_app)
app.add_typer(user_app)
app.add_typer(token_app)
app.add_typer(audit_app)

_log = logging.getLogger(__name__)

EXIT_CANNOT_START = 1
EXIT_USAGE = 2

ConfigPath = Annotated[Path, typer.Option("--config", help="The collector's configuration.")]


@app.command(epilog="Example: pantau-collector run --config /etc/pantau/collector.toml")
def run(
    config: ConfigPath = Path("collector.toml"),
    log_level: Annotated[log.Level, typer.Option(help="debug, info, warning or error.")] = "info",
    as_json: Annotated[bool, typer.Option("--json", help="Log in lines of JSON.")] = False,
) -> None:
    """Collect, until stopped.

    Exit status: 0 stopped when asked; 1 it cannot start now (a port is taken, the disk is full, another collector
    runs); 2 the configuration is wrong.
    """
    settings, inventory = _load(config)
    if refused := unsafe_settings.refusals(settings):
        fail(*refused)
    log.set_up(log_level, as_json=as_json, to_journal="JOURNAL_STREAM" in os.environ)
    for warning in unsafe_settings.warnings(settings, config):
        _log.warning("%s", warning)
    try:
        _contracts(settings, inventory)
    except ConfigError as error:  # the cameras are watched whatever becomes of the contracts
        for problem in error.problems:
            _log.error("%s; until that is mended no report is made", problem)
    private_data.write_privately()
    try:
        private_data.close_to_others(DataDir(settings.data_dir).existing())
        run_until_stopped(settings, inventory)
    except (CannotStartError, OSError) as error:
        say(str(error), colour="red", err=True)
        raise typer.Exit(EXIT_CANNOT_START) from None


@app.command(epilog="Example: pantau-collector check --config /etc/pantau/collector.toml")
def check(
    config: ConfigPath = Path("collector.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="Print what there is as JSON.")] = False,
) -> None:
    """Check configuration, inventory and contracts, and start nothing.

    It warns of what others on this machine or on the network can read or change, and of an InfluxDB that asks
    nobody for a login.

    Exit status: 2 something is wrong, or so unsafe that the collector would not start; or its state is of a
    version that this program does not know. No state is changed.
    """
    settings, inventory = _load(config)
    try:
        contracts = _contracts(settings, inventory)
    except ConfigError as error:
        fail(*error.problems)
    warnings = [*unsafe_settings.warnings(settings, config), *contracts.remarks]
    if settings.influx is not None and (warning := open_access(settings.influx)):
        warnings.append(warning)
    say(*warnings, colour="yellow", err=True)
    if refused := unsafe_settings.refusals(settings):
        fail(*refused)
    where, version = _store_version(settings)
    if version is not None and not is_known(version):
        fail(refusal(where, version))
    counts = {
        "sites": len(inventory.sites),
        "cameras": len(inventory.cameras),
        "owners": len(inventory.owners),
        "maintainers": len(inventory.maintainers),
        "projects": len(inventory.projects),
        "contracts": len(contracts),
        "recipients": len(settings.recipient),
    }
    if as_json:
        print_json({**counts, "warnings": warnings, "store": _as_builtins(settings, version)})
    else:
        english = words("en")
        summary = ", ".join(english(f"count.{what}", count=number) for what, number in counts.items())
        say(f"{config} is right: {summary}")


def _store_version(settings: CollectorConfig) -> tuple[str, str | None]:
    """Return where the state is, and of which version; None if there is none yet, or this user may not see it."""
    if settings.store is not None:
        return settings.store.full_url.render_as_string(), layout_of(settings.store.full_url)
    path = DataDir(settings.data_dir).store
    try:
        return str(path), layout_of(read_only(path)) if path.is_file() else None
    except PermissionError:
        return str(path), None


def _as_builtins(settings: CollectorConfig, version: str | None) -> dict[str, Any] | None:
    if version is None:
        return None
    return {"in_file": settings.store is None, "version": version, "is_upgraded": is_upgraded(version)}


def _load(path: Path) -> tuple[CollectorConfig, Inventory]:
    try:
        settings = load(path)
        return settings, load_inventory(settings.inventory)
    except ConfigError as error:
        say(*error.problems, colour="red", err=True)
        raise typer.Exit(EXIT_USAGE) from None


def _contracts(settings: CollectorConfig, inventory: Inventory) -> Contracts:
    return load_contracts(settings.contracts, inventory, today=date.today())  # noqa: DTZ011 # the machine's own day
