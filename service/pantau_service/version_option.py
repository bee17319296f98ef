"""The option `--version` of both programs."""

from typing import Annotated

import typer

from pantau_contract.version import __version__


def _print_version(context: typer.Context, given: bool) -> None:
    if given:
        typer.echo(f"{context.command.name} {__version__}")
        raise typer.Exit


def accept_version(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before a command: the callback of a program's `typer.Typer`."""
