"""What a command needs is opened, or the command ends and says why not."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from pantau_collector.config import CollectorConfig, load
from pantau_collector.data_dir import DataDir
from pantau_collector.inventory import Inventory, load_inventory
from pantau_collector.store import Store, StoreError
from pantau_service.settings import ConfigError

EXIT_NOT_DONE = 1
EXIT_USAGE = 2
_PROBLEMS_SHOWN = 50
_WIDE = 160

ConfigPath = Annotated[Path, typer.Option("--config", help="The collector's configuration.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
DEFAULT_CONFIG = Path("collector.toml")


def fail(*problems: str, exit_code: int = EXIT_USAGE) -> NoReturn:
    """Ends the command: each problem on a line of its own, and the exit status."""
    for problem in problems[:_PROBLEMS_SHOWN]:
        typer.secho(problem, fg="red", err=True)
    if len(problems) > _PROBLEMS_SHOWN:
        typer.secho(f"... and {len(problems) - _PROBLEMS_SHOWN:,} more", fg="red", err=True)
    raise typer.Exit(exit_code)


@contextmanager
def told() -> Iterator[None]:
    """What is wrong with a configuration or an inventory ends the command with 2; with the store, with 1."""
    try:
        yield
    except ConfigError as error:
        fail(*error.problems)
    except StoreError as error:
        fail(str(error), exit_code=EXIT_NOT_DONE)


def open_config(path: Path) -> CollectorConfig:
    """The configuration, if it is right."""
    with told():
        return load(path)


def open_inventory(config: CollectorConfig) -> Inventory:
    """The inventory, if it is right."""
    with told():
        return load_inventory(config.inventory)


@contextmanager
def open_store(config: CollectorConfig) -> Iterator[Store]:
    """The collector's state, also while it runs; never made anew."""
    with told():
        if config.store is not None:
            store = Store(config.store.full_url)
        else:
            path = DataDir(config.data_dir).store
            if not path.is_file():
                fail(
                    f"{path}: there is no state yet, or this user may not see it: run the collector once, or"
                    " ask as its user: sudo -u pantau-collector pantau-collector ...",
                    exit_code=EXIT_NOT_DONE,
                )
            store = Store.at(path)
        try:
            yield store
        finally:
            store.close()


def wide_console() -> Console:
    """For tables: a pipe is no narrow terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDE)


def print_json(what: Any) -> None:
    """On standard output, for programs."""
    typer.echo(json.dumps(what, ensure_ascii=False))
