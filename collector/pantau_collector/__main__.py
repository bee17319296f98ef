"""Runs the command as `python -m pantau_collector`."""

from pantau_collector.cli import app

app()
