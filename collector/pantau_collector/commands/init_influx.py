"""`pantau-collector init-influx`: sets up the time-series server to keep points, and summaries for years."""

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr, ValidationError

from pantau_collector.commands.output import print_json, say
from pantau_collector.config import InfluxV1, InfluxV2, load
from pantau_collector.sinks.downsampling import DownsamplingRules
from pantau_collector.sinks.open_access import open_access
from pantau_collector.sinks.setup_plan import SetupError, SetupPlan
from pantau_collector.sinks.setup_v1 import InfluxV1Setup
from pantau_service.settings import ConfigError

if TYPE_CHECKING:
    from pantau_collector.sinks.setup_v2 import InfluxV2Setup

EXIT_USAGE = 2
EXIT_NOT_DONE = 3
_WINDOW = re.compile(r"(\d+)([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def init_influx(
    config: Annotated[Path, typer.Option(help="The collector's configuration.")] = Path("collector.toml"),
    raw_days: Annotated[int, typer.Option(min=0, help="How long points are kept; 0 is for ever.")] = 90,
    long_days: Annotated[int, typer.Option(min=0, help="How long summaries are kept; 0 is for ever.")] = 0,
    window: Annotated[str, typer.Option(help="What a summary spans, such as 5m.")] = "5m",
    late_days: Annotated[
        int, typer.Option(min=0, help="Summaries so far back are made anew each day, of what came late; 0: none.")
    ] = 8,
    shorten: Annotated[bool, typer.Option("--shorten", help="Delete points that are kept too long now.")] = False,
    backfill: Annotated[bool, typer.Option("--backfill", help="Make summaries of all that is there too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    user: Annotated[str | None, typer.Option(help="InfluxDB 1: an administrator.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="InfluxDB 1: a file with its password.")] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="InfluxDB 2: a file with an administrator's token.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Set up the configuration's InfluxDB: where points go, how long they stay, and summaries for years.

    What is right already is left alone, so it may be repeated. A summary holds for each window of 5 minutes the
    mean of a measure, or the worst.

    Exit status: 0 all is right now; 2 a mistake in the configuration or an option; 3 the server does not do it.

    Example: pantau-collector init-influx --config /etc/pantau/collector.toml --raw-days 90 --dry-run
    """
    filled = 0
    try:
        keeping = DownsamplingRules(raw_days, long_days, _window_s(window), late_days)
        configured = load(config).influx
        server = _server(configured, keeping, user, password_file, token_file)
        setup = server.plan(shorten=shorten)
        if configured is not None and (warning := open_access(configured)):
            setup.warnings.append(warning)
        if not dry_run:
            for step in setup.steps:
                server.do(step)
            if backfill:
                filled = sum(1 for _ in server.backfill(time.time_ns() // 1_000_000))
    except ConfigError as error:
        say(*error.problems, colour="red", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    except SetupError as error:
        say(str(error), colour="red", err=True)
        raise typer.Exit(EXIT_NOT_DONE) from None
    server.close()
    _print(setup, dry_run=dry_run, filled=filled, as_json=as_json)


def _server(
    configured: InfluxV1 | InfluxV2 | None,
    keeping: DownsamplingRules,
    user: str | None,
    password_file: Path | None,
    token_file: Path | None,
) -> "InfluxV1Setup | InfluxV2Setup":
    """Return the set-up for the configured server, as an administrator if one is given.

    Raises:
        ConfigError: no server is configured, or an option is wrong.
    """
    if configured is None:
        raise ConfigError(["influx: the configuration names no InfluxDB to set up"])
    try:
        if isinstance(configured, InfluxV1):
            if token_file is not None:
                raise ConfigError(["--token-file is for InfluxDB 2; this one takes --user and --password-file"])
            changed = {"user": user, "password": _secret(password_file)} if user is not None else {}
            return InfluxV1Setup(configured.model_copy(update=changed), keeping)
        if user is not None or password_file is not None:
            raise ConfigError(["--user and --password-file are for InfluxDB 1; this one takes --token-file"])
        changed = {"token": _secret(token_file)} if token_file is not None else {}
        from pantau_collector.sinks.setup_v2 import InfluxV2Setup  # noqa: PLC0415 # takes long to load

        return InfluxV2Setup(configured.model_copy(update=changed), keeping)
    except (OSError, ValidationError) as error:
        raise ConfigError([f"the file with the password or token cannot be read: {error}"]) from None


def _secret(path: Path | None) -> SecretStr | None:
    return SecretStr(path.read_text("utf-8-sig").strip()) if path is not None else None


def _window_s(text: str) -> int:
    found = _WINDOW.fullmatch(text)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 1 <= seconds <= 86400:
        raise ConfigError([f"--window: expected 1s to 24h, such as 5m, got {text!r}"])
    return seconds


def _print(setup: SetupPlan, *, dry_run: bool, filled: int, as_json: bool) -> None:
    if as_json:
        steps = [{"what": step.text, "statement": step.statement} for step in setup.steps]
        about = {"done": not dry_run, "steps": steps, "right": setup.up_to_date, "remarks": setup.warnings}
        print_json(about | {"backfilled": filled})
    else:
        mark = "would be made" if dry_run else "made"
        for what in setup.up_to_date:
            say(f"  right already: {what}")
        for step in setup.steps:
            say(f"  {mark}: {step.text}", *([f"      {step.statement}"] if dry_run else []))
        if filled:
            say(f"  summaries of what was there: {filled} queries")
    say(*setup.warnings, colour="yellow", err=True)
