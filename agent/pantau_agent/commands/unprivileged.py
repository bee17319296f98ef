"""Commands that people run by sudo give up root once they have read the secrets: cameras are strangers."""

from pathlib import Path

import typer

from pantau_contract.words import Words
from pantau_service.privileges import Became, give_up_root

SERVICE_USER = "pantau-agent"
"""The user of the service, as in systemd/pantau-agent.service."""
_NO_DATA = Path("/var/lib/pantau-agent")
"""The service's data directory, where no configuration names another."""


def become_service_user(say: Words, spool: Path | None = None, *, or_nobody: bool = True) -> None:
    """Become the service's user for good if this is root, and say so on standard error if there is no such user.

    `spool` is the spool of the configuration: without that user, the owner of its directory serves. Without
    `or_nobody`, for commands that write beside the spool, this stays root where that directory is root's own.
    """
    data = spool.parent if spool is not None else _NO_DATA
    became = give_up_root(SERVICE_USER, data, or_nobody=or_nobody)
    if became is Became.NOBODY:
        typer.echo(say("root.nobody", user=SERVICE_USER), err=True)
