"""Shows a command's progress on standard error, if that is a terminal."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn


def progress_bar() -> Progress:
    """Return a display of a description, a bar and a count, removed at the end. Logs and files get nothing."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    shown = console.is_terminal
    return Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=not shown)
