"""`pantau-agent run`."""

import asyncio
import logging
import os
from typing import Annotated

import typer

from pantau_agent.commands.config_option import DEFAULT_PATH, ConfigPath, load_or_exit
from pantau_agent.doubtful_settings import doubts
from pantau_agent.event_loop import new_event_loop
from pantau_agent.run import run as run_agent
from pantau_agent.spool import SpoolInUseError
from pantau_service import log, private_data

_log = logging.getLogger(__name__)

EXIT_SPOOL_IN_USE = 1
"""Exit code if another agent uses the spool."""
EPILOG = "Example: pantau-agent run --config /etc/pantau/agent.toml --log-level debug"


def run(
    config: ConfigPath = DEFAULT_PATH,
    log_level: Annotated[log.Level, typer.Option(help="How much to say.")] = "info",
    as_json: Annotated[bool, typer.Option("--json", help="Write the log as JSON lines.")] = False,
) -> None:
    """Watch the cameras and report to the collector, until SIGTERM.

    Exit code 0 when it was asked to end, 1 when it cannot go on, 2 when the configuration is wrong.
    """
    log.set_up(log_level, as_json=as_json, to_journal="JOURNAL_STREAM" in os.environ)
    agent_config = load_or_exit(config)
    for doubt in doubts(agent_config, config):
        _log.warning("%s", doubt)
    private_data.write_privately()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(run_agent(agent_config))
    except SpoolInUseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_SPOOL_IN_USE) from None
