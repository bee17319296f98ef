"""Runs the command as `python -m pantau_demo`."""

from pantau_demo.cli import app

app()
