"""Incidents, their timeline, and the symptoms under observation, as rows."""

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, Row, func, select

from pantau_collector.incidents.case import Incident, Symptom, Transition
from pantau_collector.own_records import IncidentStep
from pantau_collector.store.database import drop_rows, put_rows
from pantau_collector.store.schema import incidents, journaled, symptoms, timeline

_TIMELINE = "timeline"


def load_open(connection: Connection) -> list[Incident]:
    """Every open incident, the oldest first."""
    rows = connection.execute(select(incidents).where(incidents.c.resolved_ms.is_(None)).order_by(incidents.c.id))
    return [_incident(row) for row in rows]


def load_resolved(connection: Connection, limit: int) -> list[Incident]:
    """The latest resolved incidents, the latest first."""
    rows = connection.execute(
        select(incidents)
        .where(incidents.c.resolved_ms.is_not(None))
        .order_by(incidents.c.resolved_ms.desc(), incidents.c.id.desc())
        .limit(limit)
    )
    return [_incident(row) for row in rows]


def next_id(connection: Connection) -> int:
    """A number that no incident has had."""
    return (connection.execute(select(func.max(incidents.c.id))).scalar() or 0) + 1


def save_incidents(connection: Connection, changed: Iterable[Incident], transitions: Iterable[Transition]) -> None:
    """Saves incidents as they are now, and what became of them."""
    put_rows(connection, incidents, [_row(incident) for incident in changed])
    rows = [
        {
            "incident": transition.incident.id,
            "time_ms": transition.time_ms,
            "kind": transition.kind,
            "cause": transition.incident.cause,
            "cameras_json": json.dumps(transition.incident.cameras),
        }
        for transition in transitions
    ]
    if rows:
        connection.execute(timeline.insert(), rows)


def load_unjournaled(connection: Connection, limit: int) -> list[tuple[int, IncidentStep]]:
    """The first steps of the timeline that are not in the journal yet, each with its number."""
    last = select(journaled.c.last_id).where(journaled.c.what == _TIMELINE).scalar_subquery()
    rows = connection.execute(
        select(timeline, incidents.c.site, incidents.c.camera, incidents.c.since_ms)
        .join(incidents, incidents.c.id == timeline.c.incident)
        .where(timeline.c.id > func.coalesce(last, 0))
        .order_by(timeline.c.id)
        .limit(limit)
    )
    return [
        (
            row.id,
            IncidentStep(
                incident=row.incident,
                kind=row.kind,
                time_ms=row.time_ms,
                site=row.site,
                camera=row.camera,
                cause=row.cause,
                cameras=len(json.loads(row.cameras_json)),
                since_ms=row.since_ms,
            ),
        )
        for row in rows
    ]


def save_journaled(connection: Connection, last_id: int) -> None:
    """Notes that the timeline is in the journal up to that step."""
    put_rows(connection, journaled, [{"what": _TIMELINE, "last_id": last_id}])


def load_symptoms(connection: Connection) -> dict[tuple[str, str], Symptom]:
    """Every symptom under observation by site and subject."""
    return {
        (row.site, row.subject): Symptom(row.bad, row.since_s, row.trouble)
        for row in connection.execute(select(symptoms))
    }


def save_symptoms(connection: Connection, changed: Mapping[tuple[str, str], Symptom | None]) -> None:
    """Saves symptoms as they are now; None where there is none any more."""
    keys = [{"site": site, "subject": subject} for site, subject in changed]
    drop_rows(connection, symptoms, keys)
    rows = [
        {"site": site, "subject": subject, "bad": kept.bad, "since_s": kept.since_s, "trouble": kept.trouble}
        for (site, subject), kept in changed.items()
        if kept is not None
    ]
    if rows:
        connection.execute(symptoms.insert(), rows)


def _row(incident: Incident) -> dict[str, object]:
    return {
        "id": incident.id,
        "site": incident.site,
        "camera": incident.camera,
        "cause": incident.cause,
        "cameras_json": json.dumps(incident.cameras),
        "since_ms": incident.since_ms,
        "opened_ms": incident.opened_ms,
        "opened_s": incident.opened_s,
        "ending_s": incident.ending_s,
        "resolved_ms": incident.resolved_ms,
    }


def _incident(row: Row[tuple[object, ...]]) -> Incident:
    return Incident(
        id=row.id,
        site=row.site,
        camera=row.camera,
        cause=row.cause,
        cameras=tuple(json.loads(row.cameras_json)),
        since_ms=row.since_ms,
        opened_ms=row.opened_ms,
        opened_s=row.opened_s,
        ending_s=row.ending_s,
        resolved_ms=row.resolved_ms,
    )
