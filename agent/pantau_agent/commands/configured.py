"""The configuration as every command takes it: `--config`, and exit code 2 with every mistake named."""

from pathlib import Path
from typing import Annotated

import typer

from pantau_agent.config import AgentConfig, load
from pantau_service.settings import ConfigError

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The agent's configuration.", show_default=True)]
DEFAULT_PATH = Path("/etc/pantau/agent.toml")

EXIT_CONFIG = 2


def load_or_exit(path: Path) -> AgentConfig:
    """The configuration; where it is wrong, every mistake on standard error and exit code 2."""
    try:
        return load(path)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(EXIT_CONFIG) from None
