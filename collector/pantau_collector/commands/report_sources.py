"""What the commands about reports share: the month, what reports are made of, and how far they are."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Self

import typer
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from pantau_collector.attribution import load_decisions
from pantau_collector.commands.opening import (
    EXIT_NOT_DONE,
    exit_on_error,
    fail,
    open_inventory,
    open_store,
)
from pantau_collector.commands.output import console
from pantau_collector.commands.time_options import local_zone
from pantau_collector.config import CollectorConfig
from pantau_collector.contracts import Contracts, load_contracts
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Ledger
from pantau_collector.reports.maker import CannotCloseError, Progress, ReportError, ReportMaker, Sources
from pantau_collector.settlement import Month
from pantau_collector.store import Store, inventory_rows

MonthOption = Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="As 2026-10.")]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="TIME", help="Told as it is known now, but up to then; otherwise up to now. ISO 8601."
    ),
]


def parsed_month(text: str) -> Month:
    """Return the month that an option gives; an invalid one ends the command."""
    try:
        return Month.parse(text)
    except ValueError as error:
        fail(f"--month: {error}")


@contextmanager
def open_maker(
    config: CollectorConfig, month: Month, timezone: str | None, as_of: str | None = None
) -> Iterator[ReportMaker]:
    """Open the state, and make reports of a month of it. Whatever is wrong ends the command."""
    zone = str(local_zone(config, timezone))
    now_ms = _as_of_ms(as_of)
    inventory = open_inventory(config)
    contracts = _open_contracts(config, inventory, now_ms)
    with open_store(config) as store, _ShownProgress() as progress:
        try:
            yield ReportMaker(_sources(store, inventory, contracts, now_ms), month, zone, progress)
        except ReportError as error:
            fail(str(error))
        except CannotCloseError as error:
            fail(str(error), exit_code=EXIT_NOT_DONE)


def _sources(store: Store, inventory: Inventory, contracts: Contracts, now_ms: int) -> Sources:
    with store.begin() as connection:
        history = inventory_rows.load_history(connection, otherwise=inventory)
        decisions = load_decisions(connection)
    return Sources(store, Ledger(store, history), history, contracts, decisions, now_ms)


def _open_contracts(config: CollectorConfig, inventory: Inventory, now_ms: int) -> Contracts:
    with exit_on_error():
        today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
        return load_contracts(config.contracts, inventory, today=today)


def _as_of_ms(text: str | None) -> int:
    now_ms = time.time_ns() // 1_000_000
    if text is None:
        return now_ms
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--as-of: expected a time such as 2026-10-31T12:00:00+07:00, got {text!r}")
    if at.tzinfo is None:
        fail(f"--as-of: expected the offset to UTC too, as {text}+07:00")
    return min(round(at.timestamp() * 1000), now_ms)


class _ShownProgress(Progress):
    """A bar on standard error, if that is a terminal."""

    def __init__(self) -> None:
        messages = console(err=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._bar = Bar(*columns, console=messages, transient=True, disable=not messages.is_terminal)
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bar.stop()

    def begin(self, steps: int) -> None:
        self._task = self._bar.add_task("", total=steps)

    def step(self, name: str) -> None:
        if self._task is not None:
            self._bar.update(self._task, advance=1, description=name)
