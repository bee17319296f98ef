"""Who is told what: from what became of an incident to the outbox's rows. Pure.

A recipient is told once that an outage began, when it is or comes to be concerned, and of its end only if told of
it.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from pantau_collector.config import Recipient
from pantau_collector.fleet.model import Site
from pantau_collector.incidents.case import Incident, Kind, Transition
from pantau_collector.inventory import Inventory
from pantau_collector.notices.channel import schema
from pantau_collector.notices.notice import Delivery, Notice, NoticeCamera, NoticeKind
from pantau_contract.states import State


def channels(recipient: Recipient) -> dict[str, str]:
    """The recipient's URLs by a name that is fit to be shown: `1-mailtos`, `2-tgram`."""
    urls = [url.get_secret_value() for url in recipient.urls]
    return {f"{i}-{schema(url)}": url for i, url in enumerate(urls, start=1)}


def concerned(recipient: Recipient, incident: Incident, inventory: Inventory) -> tuple[str, ...] | None:
    """The incident's cameras that concern the recipient; None if nothing of it does."""
    if recipient.sites and incident.site not in recipient.sites:
        return None
    if not recipient.owners and not recipient.maintainers:
        return incident.cameras
    mine = []
    for camera in incident.cameras:
        known = inventory.camera(incident.site, camera)
        if (not recipient.owners or known.owner in recipient.owners) and (
            not recipient.maintainers or known.maintainer in recipient.maintainers
        ):
            mine.append(camera)
    return tuple(mine) or None


def plan(
    transition: Transition,
    told: AbstractSet[tuple[str, str]],
    recipients: Iterable[Recipient],
    inventory: Inventory,
    site: Site,
) -> list[Delivery]:
    """What is to be sent because of a transition; `told` are the recipients and channels told that it began."""
    incident = transition.incident
    if transition.kind is Kind.MERGED:
        return []  # the whole site's incident speaks for it from now on
    kind = NoticeKind.RESOLVED if transition.kind is Kind.RESOLVED else NoticeKind.OPENED
    deliveries = []
    for recipient in recipients:
        cameras = concerned(recipient, incident, inventory)
        mine = [
            name for name in channels(recipient) if ((recipient.id, name) in told) == (kind is NoticeKind.RESOLVED)
        ]
        if mine and (cameras is not None or kind is NoticeKind.RESOLVED):
            notice = _notice(kind, incident, cameras or (), inventory, site)
            deliveries += [Delivery(incident.id, kind, recipient.id, name, notice) for name in mine]
    return deliveries


def _notice(
    kind: NoticeKind, incident: Incident, cameras: tuple[str, ...], inventory: Inventory, site: Site
) -> Notice:
    place = inventory.site(site.id)
    subject = site.cameras.get(incident.camera) if incident.camera else None
    return Notice(
        kind=kind,
        incident=incident.id,
        site=site.id,
        site_name=place.name or site.name or site.id,
        camera=incident.camera,
        camera_name=_camera(site, incident.camera, inventory).name if incident.camera else "",
        cause=incident.cause,
        state=subject.state if subject else State.UNKNOWN,
        since_ms=incident.since_ms,
        cameras=tuple(_camera(site, camera, inventory) for camera in cameras),
        resolved_ms=incident.resolved_ms,
        detail=subject.detail if subject and kind is NoticeKind.OPENED else "",
        latitude=place.latitude,
        longitude=place.longitude,
    )


def _camera(site: Site, camera: str, inventory: Inventory) -> NoticeCamera:
    known, told = inventory.camera(site.id, camera), site.cameras.get(camera)
    return NoticeCamera(
        id=camera,
        name=known.name or (told.name if told else "") or camera,
        owner=inventory.owner_name(known.owner),
        maintainer=inventory.maintainer_name(known.maintainer),
        project=known.project,
    )
