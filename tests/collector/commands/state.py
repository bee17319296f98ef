"""A collector's state on disk, for the commands to read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from pantau_collector.data_dir import DataDir
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.transition import Transition, TransitionKind
from pantau_collector.store import Store, incident_rows

OPENED_MS = 1_790_000_000_000
"""2026-09-21 21:13:20 WIB."""


@contextmanager
def state(folder: Path) -> Iterator[Connection]:
    """Open a transaction on the state of the collector that `configured` configured."""
    store = Store.at(DataDir(folder / "data").store)
    try:
        with store.begin() as connection:
            yield connection
    finally:
        store.close()


def save(folder: Path, incident: Incident, *kinds: TransitionKind) -> None:
    """Save an incident and its steps, a minute apart."""
    with state(folder) as connection:
        steps = [Transition(kind, incident, incident.opened_ms + 60_000 * i) for i, kind in enumerate(kinds)]
        incident_rows.save_incidents(connection, [incident], steps)


def incident(number: int = 1, camera: str | None = "gate", cause: str = "stalled") -> Incident:
    """Return an incident at site kabil."""
    cameras = (camera,) if camera else ("gate", "pole")
    return Incident(number, "kabil", camera, cause, cameras, OPENED_MS - 30_000, OPENED_MS, 0.0)
