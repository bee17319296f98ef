"""The option `--config` of every command, with exit code 2 and every mistake named if the file is wrong."""

import os
from pathlib import Path
from typing import Annotated

import typer

from pantau_agent.config import AgentConfig, load
from pantau_service.settings import ConfigError

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The agent's configuration.", show_default=True)]
DEFAULT_PATH = Path("/etc/pantau/agent.toml")
"""Configuration that is read if `--config` is not given."""

EXIT_CONFIG = 2
"""Exit code for a wrong configuration or wrong usage."""
_SERVICE_CREDENTIALS = Path("/run/credentials/pantau-agent.service")
"""Where systemd keeps the service's credentials while it runs (systemd.exec(5)); root may read them."""


def use_service_credentials(directory: Path = _SERVICE_CREDENTIALS) -> None:
    """Let a command that runs beside the service read the passwords that systemd gives to the service."""
    if "CREDENTIALS_DIRECTORY" not in os.environ and os.access(directory, os.R_OK | os.X_OK):
        os.environ["CREDENTIALS_DIRECTORY"] = str(directory)


def load_or_exit(path: Path) -> AgentConfig:
    """Load the configuration; if it is wrong, print every mistake to standard error and exit with code 2."""
    try:
        return load(path)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(EXIT_CONFIG) from None
