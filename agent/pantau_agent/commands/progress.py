"""How far a command has come: on a terminal's standard error, and nowhere else."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn


def progress_bar() -> Progress:
    """What it is about, a bar and a count; gone at the end. It writes nothing into logs and files."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    shown = console.is_terminal
    return Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=not shown)
