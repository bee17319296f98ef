"""Lets `python -m pantau_demo` be the command."""

from pantau_demo.cli import app

app()
