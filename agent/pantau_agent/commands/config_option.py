"""The configuration as every command takes it: `--config`, and exit code 2 with every mistake named."""

import os
from pathlib import Path
from typing import Annotated

import typer

from pantau_agent.config import AgentConfig, load
from pantau_service.settings import ConfigError

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The agent's configuration.", show_default=True)]
DEFAULT_PATH = Path("/etc/pantau/agent.toml")

EXIT_CONFIG = 2
_SERVICE_CREDENTIALS = Path("/run/credentials/pantau-agent.service")
"""Where systemd keeps them while the service runs (systemd.exec(5)); root may read them."""


def use_service_credentials(directory: Path = _SERVICE_CREDENTIALS) -> None:
    """Lets a command that stands beside the service find the passwords that systemd hands to that."""
    if "CREDENTIALS_DIRECTORY" not in os.environ and os.access(directory, os.R_OK | os.X_OK):
        os.environ["CREDENTIALS_DIRECTORY"] = str(directory)


def load_or_exit(path: Path) -> AgentConfig:
    """The configuration; where it is wrong, every mistake on standard error and exit code 2."""
    try:
        return load(path)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(EXIT_CONFIG) from None
