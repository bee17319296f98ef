"""Lets `python -m pantau_simcam` be the command."""

from pantau_simcam.cli import app

app()
