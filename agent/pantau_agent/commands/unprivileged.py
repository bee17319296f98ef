"""Commands that people run by sudo give up root once they have read the secrets: cameras are strangers."""

from pathlib import Path

from pantau_service.privileges import give_up_root

SERVICE_USER = "pantau-agent"
"""The user of the service, as in systemd/pantau-agent.service."""
_NO_DATA = Path("/var/lib/pantau-agent")
"""The service's data directory, where no configuration names another."""


def become_service_user(spool: Path | None = None, *, or_nobody: bool = True) -> None:
    """Become the service's user for good if this is root.

    `spool` is the spool of the configuration: where there is no such user, the owner of its directory serves, or
    else nobody. Without `or_nobody`, for commands that write beside the spool, this stays root where that
    directory is root's own.
    """
    give_up_root(SERVICE_USER, spool.parent if spool is not None else _NO_DATA, or_nobody=or_nobody)
