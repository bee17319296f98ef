"""Runs the command as `python -m pantau_simcam`."""

from pantau_simcam.cli import app

app()
