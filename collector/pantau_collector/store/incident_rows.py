"""Incidents, their timeline, and the symptoms under observation, as rows."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Row, func, or_, select

from pantau_collector.incidents.acknowledgement import Acknowledgement
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.symptom import Symptom
from pantau_collector.incidents.transition import Transition
from pantau_collector.own_records import IncidentStep
from pantau_collector.store.database import drop_rows, put_rows
from pantau_collector.store.schema import incidents, journaled, symptoms, timeline
from pantau_contract.states import current_name

_TIMELINE = "timeline"


class TimelineStep(NamedTuple):
    """A step of an incident: its time (UTC ms) and kind, and the incident's cause and cameras after it."""

    time_ms: int
    kind: str
    cause: str
    cameras: tuple[str, ...]


def load_open(connection: Connection) -> list[Incident]:
    """Load every open incident, the oldest first."""
    rows = connection.execute(select(incidents).where(incidents.c.resolved_ms.is_(None)).order_by(incidents.c.id))
    return [_incident(row) for row in rows]


def load_resolved(connection: Connection, limit: int) -> list[Incident]:
    """Load the incidents that were resolved last, the latest first."""
    rows = connection.execute(
        select(incidents)
        .where(incidents.c.resolved_ms.is_not(None))
        .order_by(incidents.c.resolved_ms.desc(), incidents.c.id.desc())
        .limit(limit)
    )
    return [_incident(row) for row in rows]


def load_since(connection: Connection, since_ms: int) -> list[Incident]:
    """Load every incident that was open at some time since `since_ms` (UTC), the oldest first."""
    was_open = or_(incidents.c.resolved_ms.is_(None), incidents.c.resolved_ms >= since_ms)
    rows = connection.execute(select(incidents).where(was_open).order_by(incidents.c.id))
    return [_incident(row) for row in rows]


def load_before(
    connection: Connection,
    before: int | None,
    limit: int,
    *,
    is_open: bool | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
) -> list[Incident]:
    """Load up to `limit` incidents with numbers below `before`, the newest first.

    With `since_ms` and `until_ms` (UTC) only those that were open at some time between them.
    """
    query = select(incidents).order_by(incidents.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(incidents.c.id < before)
    if is_open is not None:
        query = query.where(incidents.c.resolved_ms.is_(None) if is_open else incidents.c.resolved_ms.is_not(None))
    if since_ms is not None:
        query = query.where(or_(incidents.c.resolved_ms.is_(None), incidents.c.resolved_ms >= since_ms))
    if until_ms is not None:
        query = query.where(incidents.c.since_ms < until_ms)
    return [_incident(row) for row in connection.execute(query)]


def load_of_site(connection: Connection, site: str, since_ms: int, limit: int) -> list[Incident]:
    """Load up to `limit` incidents of a site, and of uplinks, open since then (UTC ms), the latest first.

    Not every uplink's incident is about the site: its `members` say so.
    """
    was_open = or_(incidents.c.resolved_ms.is_(None), incidents.c.resolved_ms >= since_ms)
    rows = connection.execute(
        select(incidents)
        .where(or_(incidents.c.site == site, incidents.c.uplink.is_not(None)), was_open)
        .order_by(incidents.c.id.desc())
        .limit(limit)
    )
    return [_incident(row) for row in rows]


def load_timeline(connection: Connection, incident: int) -> list[TimelineStep]:
    """Load the steps of an incident, in order."""
    rows = connection.execute(select(timeline).where(timeline.c.incident == incident).order_by(timeline.c.id))
    return [
        TimelineStep(row.time_ms, row.kind, current_name(row.cause), tuple(json.loads(row.cameras_json)))
        for row in rows
    ]


def load_incidents(connection: Connection, numbers: Iterable[int]) -> list[Incident]:
    """Load the incidents of these numbers that exist, in order of their numbers."""
    rows = connection.execute(select(incidents).where(incidents.c.id.in_(list(numbers))).order_by(incidents.c.id))
    return [_incident(row) for row in rows]


def load_incident(connection: Connection, incident: int) -> Incident | None:
    """Load an incident by its number, or return None if there is none."""
    row = connection.execute(select(incidents).where(incidents.c.id == incident)).first()
    return None if row is None else _incident(row)


def next_id(connection: Connection) -> int:
    """Return a number that no incident has had."""
    return (connection.execute(select(func.max(incidents.c.id))).scalar() or 0) + 1


def save_incidents(connection: Connection, changed: Iterable[Incident], transitions: Iterable[Transition]) -> None:
    """Save incidents as they are now, and add their transitions to the timeline."""
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
    """Load up to `limit` steps of the timeline that are not in the journal yet, each with its id."""
    last = select(journaled.c.last_id).where(journaled.c.what == _TIMELINE).scalar_subquery()
    rows = connection.execute(
        select(timeline, *(incidents.c[name] for name in ("site", "camera", "device", "uplink", "since_ms")))
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
                device=row.device,
                uplink=row.uplink,
            ),
        )
        for row in rows
    ]


def save_journaled(connection: Connection, last_id: int) -> None:
    """Note that the timeline is in the journal up to a step."""
    put_rows(connection, journaled, [{"what": _TIMELINE, "last_id": last_id}])


def load_symptoms(connection: Connection) -> dict[tuple[str, str], Symptom]:
    """Load every symptom under observation, by site and subject."""
    return {
        (row.site, row.subject): Symptom(
            row.bad, row.since_s, row.trouble, row.changes, row.looked_s, row.looked_bad, row.flapping
        )
        for row in connection.execute(select(symptoms))
    }


def save_symptoms(connection: Connection, changed: Mapping[tuple[str, str], Symptom | None]) -> None:
    """Save symptoms as they are now; None stands for one that is no longer observed."""
    keys = [{"site": site, "subject": subject} for site, subject in changed]
    drop_rows(connection, symptoms, keys)
    rows = [
        {"site": site, "subject": subject, **_symptom_row(symptom)}
        for (site, subject), symptom in changed.items()
        if symptom is not None
    ]
    if rows:
        connection.execute(symptoms.insert(), rows)


def _symptom_row(symptom: Symptom) -> dict[str, object]:
    return {
        "bad": symptom.failing,
        "since_s": symptom.since_s,
        "trouble": symptom.hard_cause,
        "changes": symptom.changes,
        "looked_s": symptom.result_s,
        "looked_bad": symptom.result_failed,
        "flapping": symptom.flapping,
    }


def _row(incident: Incident) -> dict[str, object]:
    acknowledgement = incident.acknowledged
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
        "device": incident.device,
        "uplink": incident.uplink,
        "sites_json": json.dumps(incident.sites),
        "awaited": incident.awaited,
        "origin": incident.origin,
        "acknowledged_json": acknowledgement and msgspec.json.encode(acknowledgement).decode(),
        "downtime": incident.downtime,
        "flapping": incident.flapping,
        "waiting_s": incident.waiting_s,
        "escalation": incident.escalation,
    }


def _incident(row: Row[tuple[object, ...]]) -> Incident:
    acknowledged = row.acknowledged_json
    return Incident(
        id=row.id,
        site=row.site,
        camera=row.camera,
        cause=current_name(row.cause),
        cameras=tuple(json.loads(row.cameras_json)),
        since_ms=row.since_ms,
        opened_ms=row.opened_ms,
        opened_s=row.opened_s,
        ending_s=row.ending_s,
        resolved_ms=row.resolved_ms,
        device=row.device,
        uplink=row.uplink,
        sites=tuple(json.loads(row.sites_json)),
        awaited=row.awaited,
        origin=row.origin,
        acknowledged=(None if acknowledged is None else msgspec.json.decode(acknowledged, type=Acknowledgement)),
        downtime=row.downtime,
        flapping=row.flapping,
        waiting_s=row.waiting_s,
        escalation=row.escalation,
    )
