"""The option `--config` of every command, with exit code 2 and every mistake named if the file is wrong."""

from pathlib import Path
from typing import Annotated

import typer

from pantau_agent.commands.service_credentials import service_credentials
from pantau_agent.config import AgentConfig, load
from pantau_service.settings import ConfigError

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The agent's configuration.", show_default=True)]
DEFAULT_PATH = Path("/etc/pantau/agent.toml")
"""Configuration that is read if `--config` is not given."""

EXIT_CONFIG = 2
"""Exit code for a wrong configuration or wrong usage."""


def load_for_command(path: Path) -> AgentConfig:
    """Load the configuration with the passwords that the service has or would get, as far as this user may read.

    Raises:
        ConfigError: the configuration is wrong.
    """
    with service_credentials():
        return load(path)


def load_or_exit(path: Path) -> AgentConfig:
    """Load the configuration; if it is wrong, print every mistake to standard error and exit with code 2."""
    try:
        return load_for_command(path)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(EXIT_CONFIG) from None
