"""Asks before a command writes a file."""

import sys
from pathlib import Path

import typer

from pantau_collector.commands.output import say


def may_write(path: Path) -> bool:
    """Ask on the terminal whether a file may be written; without a terminal it may not, and `--yes` is named."""
    if not sys.stdin.isatty():
        say("There is nobody to ask: add --yes to write it.", colour="yellow", err=True)
        return False
    return typer.confirm(f"Write this to {path}?", err=True)
