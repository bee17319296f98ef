"""Sites that are to be forgotten, as rows. A command writes them; the pipeline's next step forgets the sites.

A row stays until the site reports again, because the broker hands over its retained messages at each connection.
"""

from collections.abc import Collection
from typing import NamedTuple

from msgspec import structs
from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select

from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.transition import Transition, TransitionKind
from pantau_collector.store import incident_rows
from pantau_collector.store.database import drop_rows, put_rows
from pantau_collector.store.schema import cameras, downtimes, forgotten_sites, incidents, sites, symptoms


class SiteTraces(NamedTuple):
    """What the store holds about a site: its cameras, open incidents, and planned downtimes, by id or number."""

    cameras: list[str]
    incidents: list[int]
    downtimes: list[int]


def load_traces(connection: Connection, site: str) -> SiteTraces:
    """Load what the store holds about a site."""
    opened = select(incidents.c.id).where(incidents.c.site == site, incidents.c.resolved_ms.is_(None))
    return SiteTraces(
        list(
            connection.execute(select(cameras.c.id).where(cameras.c.site == site).order_by(cameras.c.id)).scalars()
        ),
        list(connection.execute(opened.order_by(incidents.c.id)).scalars()),
        list(connection.execute(select(downtimes.c.id).where(_of_site(site)).order_by(downtimes.c.id)).scalars()),
    )


def request_forget(connection: Connection, site: str, *, now_ms: int) -> None:
    """Request that a site be forgotten, and cancel what is planned for it."""
    put_rows(connection, forgotten_sites, [{"id": site, "created_ms": now_ms}])
    connection.execute(downtimes.update().where(_of_site(site)).values(cancelled_ms=now_ms))


def load_forgotten(connection: Connection) -> dict[str, int]:
    """Load when each site was to be forgotten (UTC ms)."""
    return {row.id: row.created_ms for row in connection.execute(select(forgotten_sites))}


def drop_forgotten(connection: Connection, returned: Collection[str]) -> None:
    """Remove the rows of sites that have reported again."""
    drop_rows(connection, forgotten_sites, [{"id": site} for site in returned])


def forget_site(connection: Connection, site: str, opened: Collection[Incident], now_ms: int) -> None:
    """Delete a site with its cameras and symptoms, and resolve its incidents; nobody is notified of that."""
    drop_rows(connection, sites, [{"id": site}])
    connection.execute(delete(cameras).where(cameras.c.site == site))
    connection.execute(delete(symptoms).where(symptoms.c.site == site))
    resolved = [structs.replace(each, resolved_ms=now_ms) for each in opened if each.site == site]
    steps = [Transition(TransitionKind.RESOLVED, each, now_ms) for each in resolved]
    incident_rows.save_incidents(connection, resolved, steps)


def _of_site(site: str) -> ColumnElement[bool]:
    target = downtimes.c.target
    within = and_(downtimes.c.scope.in_(("camera", "device")), target.startswith(f"{site}/", autoescape=True))
    whole = and_(downtimes.c.scope == "site", target == site)
    return and_(downtimes.c.cancelled_ms.is_(None), or_(whole, within))
