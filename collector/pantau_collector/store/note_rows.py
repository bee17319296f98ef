"""Notes that people add to incidents and cameras, as rows. They are kept for ever."""

import msgspec
from sqlalchemy import Connection, select

from pantau_collector.store.schema import notes


class Note(msgspec.Struct, frozen=True):
    """One note, of a camera, a whole site, or an incident. `created_ms` is UTC ms."""

    id: int
    site: str
    camera: str | None
    incident: int | None
    text: str
    by: str
    created_ms: int


def add_note(connection: Connection, note: Note) -> None:
    """Add a note; its id is assigned here."""
    values = msgspec.structs.asdict(note)
    del values["id"]
    connection.execute(notes.insert(), [values])


def load_notes_of_incident(connection: Connection, incident: int) -> list[Note]:
    """Load the notes of an incident, in the order in which they were written."""
    rows = connection.execute(select(notes).where(notes.c.incident == incident).order_by(notes.c.id))
    return [Note(*row) for row in rows]


def load_notes_of_camera(connection: Connection, site: str, camera: str, *, limit: int = 50) -> list[Note]:
    """Load the latest notes of a camera, the newest first."""
    query = select(notes).where(notes.c.site == site, notes.c.camera == camera).order_by(notes.c.id.desc())
    return [Note(*row) for row in connection.execute(query.limit(limit))]
