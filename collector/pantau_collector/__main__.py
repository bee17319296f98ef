"""Lets `python -m pantau_collector` be the command."""

from pantau_collector.cli import app

app()
