"""`pantau-collector replay`: writes the journal into an InfluxDB, also while the collector runs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from pydantic import ValidationError
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pantau_collector.commands.opening import open_store
from pantau_collector.commands.output import console, print_json, say
from pantau_collector.config import CollectorConfig, InfluxV1, InfluxV2, load
from pantau_collector.data_dir import DataDir
from pantau_collector.deadletter import DeadLetters
from pantau_collector.journal import JournalReader
from pantau_collector.sinks.deliver import SeriesStore
from pantau_collector.sinks.open_series_store import open_series_store
from pantau_collector.sinks.replay import ReplayResult, replay_journal
from pantau_collector.store import series_day_rows
from pantau_service.settings import ConfigError

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_NOT_TAKEN = 3


def replay(
    config: Annotated[Path, typer.Option(help="The collector's configuration.")] = Path("collector.toml"),
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Only what was received then or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Only what was received before.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Another InfluxDB than the configuration's.")] = None,
    database: Annotated[str | None, typer.Option(help="InfluxDB 1: another database.")] = None,
    bucket: Annotated[str | None, typer.Option(help="InfluxDB 2 or 3: another bucket.")] = None,
    org: Annotated[str | None, typer.Option(help="InfluxDB 2 or 3: another organisation.")] = None,
    token_file: Annotated[Path | None, typer.Option(help="InfluxDB 2 or 3: a file with the token.")] = None,
    patience: Annotated[float, typer.Option(min=0, help="Seconds to try on while the server takes nothing.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Pour the journal into an InfluxDB. A point that is there already stays as it is.

    The days of cameras (`camera_day`) are written by the running collector itself, into its own InfluxDB only:
    within some minutes it writes the last 62 days again.

    Times are ISO 8601, in UTC unless they say otherwise.

    Exit status: 0 all is in it; 1 some lines were refused, and are kept with the server's words; 2 a mistake in
    the configuration or an option; 3 the server takes nothing.

    Example: pantau-collector replay --config collector.toml --from 2026-11-01 --url http://127.0.0.1:8086
    """
    try:
        settings = load(config)
        store = open_series_store(_target(settings, url, database, bucket, org, token_file))
        first_ms, end_ms = _milliseconds("--from", since), _milliseconds("--to", until)
        data_dir = DataDir(settings.data_dir)
        journal = _journal(data_dir, config)
    except ConfigError as error:
        say(*error.problems, colour="red", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    with _bar(store) as advance:
        outcome = replay_journal(
            journal,
            store,
            DeadLetters(data_dir.dead_replay, time_ms=lambda: time.time_ns() // 1_000_000),
            first_ms=first_ms,
            end_ms=end_ms,
            patience_s=patience,
            advance=advance,
        )
    store.close()
    is_another = any(each is not None for each in (url, database, bucket, org, token_file))
    if outcome.error is None and not is_another:
        _have_days_written_again(settings)
    if as_json:
        print_json(msgspec.to_builtins(outcome))
    _report(outcome, store, data_dir)
    if outcome.error is not None:
        raise typer.Exit(EXIT_NOT_TAKEN)
    if outcome.refused:
        raise typer.Exit(EXIT_REFUSED)


def _target(
    settings: CollectorConfig,
    url: str | None,
    database: str | None,
    bucket: str | None,
    org: str | None,
    token_file: Path | None,
) -> InfluxV1 | InfluxV2:
    """Return the server to write to: the configuration's, changed by the options.

    The configuration's credentials are sent to the configuration's address and to no other.

    Raises:
        ConfigError: no server is given, or an option is wrong.
    """
    second = {"bucket": bucket, "org": org, "token_file": token_file}
    options = {
        key: value for key, value in ({"url": url, "database": database} | second).items() if value is not None
    }
    if database is not None and second.keys() & options.keys():
        raise ConfigError(
            ["--database is for InfluxDB 1; --bucket, --org and --token-file are for 2 and 3: not both"]
        )
    configured = settings.influx
    version = (
        1 if database is not None else 2 if second.keys() & options.keys() else configured and configured.version
    )
    base: dict[str, Any] = {}
    if configured is not None and configured.version == version:
        base = configured.model_dump(exclude={"password_file", "token_file"})
        if "token_file" in options or (url is not None and url.rstrip("/") != configured.url):
            base = {key: value for key, value in base.items() if key not in ("user", "password", "token")}
    elif url is None:
        raise ConfigError(["expected --url, for the configuration names no such InfluxDB"])
    try:
        model = InfluxV2 if version == 2 else InfluxV1
        return model(**(base | options | {"version": version or 1}))
    except ValidationError as error:
        problems = (
            f"--{'-'.join(map(str, each['loc'])).replace('_', '-')}: {each['msg']}" for each in error.errors()
        )
        raise ConfigError(list(problems)) from None


def _have_days_written_again(settings: CollectorConfig) -> None:
    """Let the running collector write the days of cameras again: they are not in the journal."""
    if settings.store is not None or DataDir(settings.data_dir).store.is_file():
        with open_store(settings) as state, state.begin() as connection:
            series_day_rows.drop_all_days(connection)


def _journal(data_dir: DataDir, config: Path) -> JournalReader:
    """Open the journal for reading.

    Raises:
        ConfigError: there is no journal.
    """
    if not data_dir.journal.is_dir():
        raise ConfigError(
            [f"{data_dir.journal}: there is no journal; data_dir in {config} must be the collector's"]
        )
    return JournalReader(data_dir.journal)


def _milliseconds(option: str, text: str | None) -> int | None:
    """Parse an ISO 8601 time into UTC epoch milliseconds.

    Raises:
        ConfigError: the text is no such time.
    """
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError([f"{option}: expected a time such as 2026-11-24T08:00, got {text!r}"]) from None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


@contextmanager
def _bar(store: SeriesStore) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar, on a terminal only."""
    messages = console(err=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as progress:
        task = progress.add_task(f"into {store.name}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _report(outcome: ReplayResult, store: SeriesStore, data_dir: DataDir) -> None:
    lines = [
        f"{outcome.lines:,} lines of {outcome.records:,} messages are in {store.name} ({outcome.seconds:.1f} s)."
    ]
    if outcome.refused:
        lines.append(f"{outcome.refused:,} were refused; they are in {data_dir.dead_replay}, with the reason.")
    if outcome.error is not None:
        lines += [f"The rest is not: {outcome.error}", "Repeat the command when that is mended."]
    say(*lines, colour=None if outcome.error is None else "red", err=True)
