"""Makes `python -m pantau_agent` run the command."""

from pantau_agent.cli import app

app()
