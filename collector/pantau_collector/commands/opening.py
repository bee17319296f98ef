"""Opens what a command needs, or ends the command with a message that says why not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pantau_collector.commands.output import say
from pantau_collector.config import CollectorConfig, load
from pantau_collector.data_dir import DataDir
from pantau_collector.inventory import Inventory, load_inventory
from pantau_collector.store import Store, StoreError
from pantau_service.settings import ConfigError

EXIT_NOT_DONE = 1
EXIT_USAGE = 2
MAX_NUMBER = 2**63 - 1
"""What a database can hold: a larger number is that of nothing."""
_PROBLEMS_SHOWN = 50
"""Problems that are printed at most."""

ConfigPath = Annotated[Path, typer.Option("--config", help="The collector's configuration.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
DEFAULT_CONFIG = Path("collector.toml")


def fail(*problems: str, exit_code: int = EXIT_USAGE) -> NoReturn:
    """End the command with this exit status, and print each problem on a line of its own."""
    say(*problems[:_PROBLEMS_SHOWN], colour="red", err=True)
    if len(problems) > _PROBLEMS_SHOWN:
        say(f"... and {len(problems) - _PROBLEMS_SHOWN:,} more", colour="red", err=True)
    raise typer.Exit(exit_code)


@contextmanager
def exit_on_error() -> Iterator[None]:
    """End the command on an error: with 2 if the configuration or inventory is wrong, with 1 if the store is."""
    try:
        yield
    except ConfigError as error:
        fail(*error.problems)
    except StoreError as error:
        fail(str(error), exit_code=EXIT_NOT_DONE)


def open_config(path: Path) -> CollectorConfig:
    """Return the configuration; an invalid one ends the command."""
    with exit_on_error():
        return load(path)


def open_inventory(config: CollectorConfig) -> Inventory:
    """Return the inventory; an invalid one ends the command."""
    with exit_on_error():
        return load_inventory(config.inventory)


@contextmanager
def open_store(config: CollectorConfig) -> Iterator[Store]:
    """Open the collector's state, also while it runs; a state that does not exist is not created."""
    with exit_on_error():
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
