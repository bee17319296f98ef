"""A note about a camera or an incident."""

from sqlalchemy import Connection

from pantau_collector.actions.action_error import ActionError
from pantau_collector.store import note_rows
from pantau_collector.store.note_rows import Note
from pantau_contract.printable import printable_line

MAX_NOTE = 2000
"""Characters of a note at most."""


def note_text(text: str) -> str:
    """Return what is kept of a note: printable lines without the blank ones around them.

    Raises:
        ActionError: there is nothing in it, or too much.
    """
    if len(text) > MAX_NOTE:
        raise ActionError("text", "too_long", most=MAX_NOTE)
    kept = "\n".join(printable_line(line, MAX_NOTE) for line in text.splitlines()).strip()
    if not kept:
        raise ActionError("text", "nothing_written")
    return kept


def add_note(
    connection: Connection,
    text: str,
    by: str,
    *,
    site: str,
    camera: str | None = None,
    incident: int | None = None,
    now_ms: int,
) -> None:
    """Add a note of a site, a camera or an incident.

    Raises:
        ActionError: there is nothing in it, or too much.
    """
    note_rows.add_note(connection, Note(0, site, camera, incident, note_text(text), by, now_ms))
