"""Lets `python -m pantau_agent` be the command."""

from pantau_agent.cli import app

app()
