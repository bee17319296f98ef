"""The dossier of one outage, as data: for a claim against whoever caused it.

Times are UTC epoch milliseconds. The dossier is about the time from the outage's beginning to its end; while it is
open, to the moment at which the dossier is made.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from pantau_collector.attribution import Decision, Decisions
from pantau_collector.incidents.acknowledgement import AcknowledgementRequest
from pantau_collector.incidents.incident import Incident
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Bucket, Interval
from pantau_collector.ledger.interval import clip
from pantau_collector.store.incident_rows import TimelineStep
from pantau_collector.store.outbox_search import Sending

WELL = frozenset({Bucket.WORKING, Bucket.OUT_OF_SERVICE})
"""Buckets whose time was not lost."""

SiteIntervals = Callable[[str, int, int], dict[str, list[Interval]]]
"""Returns the intervals of a site's cameras in a period, as `Ledger.site_intervals` does."""


class Place(Struct, frozen=True):
    """Where something stands, in degrees (WGS 84)."""

    name: str
    latitude: float
    longitude: float


class DossierCamera(Struct, frozen=True):
    """A camera that the outage took down, and where its time went meanwhile. Owner and maintainer are names."""

    site: str
    camera: str
    name: str
    owner: str
    maintainer: str
    project: str
    ms: dict[Bucket, int]
    from_ms: int | None
    to_ms: int | None
    place: Place | None

    @property
    def lost_ms(self) -> int:
        """The time in which it did not work."""
        return sum(ms for bucket, ms in self.ms.items() if bucket not in WELL)


class Proof(Struct, frozen=True):
    """What the ledger says about lost time, and on what evidence: of how many cameras, from when to when."""

    bucket: Bucket
    evidence: str
    device: str
    cause: str | None
    cameras: int
    ms: int
    from_ms: int
    to_ms: int


class Dossier(Struct, frozen=True):
    """All about one outage. `place` is what people call its place; `around` are other cameras of its sites.

    `well_at_site_ms` is the part of the lost time in which the cameras were well and only the control room saw
    nothing.
    """

    incident: Incident
    place: str
    from_ms: int
    to_ms: int
    cameras: tuple[DossierCamera, ...]
    around: tuple[Place, ...]
    proofs: tuple[Proof, ...]
    well_at_site_ms: int
    timeline: tuple[TimelineStep, ...]
    requests: tuple[AcknowledgementRequest, ...]
    sendings: tuple[Sending, ...]
    held: tuple[tuple[str, str, int], ...]
    """Recipient, kind and due time of the notices that are not sent yet."""
    decisions: tuple[Decision, ...]

    @property
    def is_open(self) -> bool:
        """True while the outage goes on."""
        return self.incident.resolved_ms is None

    @property
    def ms(self) -> dict[Bucket, int]:
        """The time of all its cameras together."""
        sums: dict[Bucket, int] = {}
        for camera in self.cameras:
            for bucket, ms in camera.ms.items():
                sums[bucket] = sums.get(bucket, 0) + ms
        return {bucket: sums[bucket] for bucket in Bucket if sums.get(bucket)}


class IncidentRecord(Struct, frozen=True):
    """What the store has of an incident."""

    incident: Incident
    timeline: Sequence[TimelineStep] = ()
    requests: Sequence[AcknowledgementRequest] = ()
    sendings: Sequence[Sending] = ()
    held: Sequence[tuple[str, str, int]] = ()
    decisions: Sequence[Decision] = ()


def assemble_dossier(
    record: IncidentRecord, place: str, inventory: Inventory, intervals: SiteIntervals, *, now_ms: int
) -> Dossier:
    """Put together what is known of an incident; `inventory` is that of the outage's time, `place` its name."""
    incident = record.incident
    from_ms = incident.since_ms
    to_ms = max(from_ms, incident.resolved_ms if incident.resolved_ms is not None else now_ms)
    members = _members(incident, record.timeline)
    decisions = Decisions(record.decisions)
    cameras: list[DossierCamera] = []
    found: list[tuple[str, str, Interval]] = []
    sites = sorted({site for site, _ in members})
    of_one_site = len(sites) == 1
    for site in sites:
        of_site = intervals(site, from_ms, to_ms)
        for camera in sorted(name for its, name in members if its == site):
            its = clip(decisions.apply(site, camera, of_site.get(camera, [])), from_ms, to_ms)
            lost = [each for each in its if each.bucket not in WELL]
            found += [(site, camera, each) for each in lost]
            cameras.append(_camera(site, camera, inventory, its, lost, of_one_site=of_one_site))
    well = sum(each.ms for _, _, each in found if each.evidenced is Bucket.LINK and each.at_site is Bucket.WORKING)
    return Dossier(
        incident=incident,
        place=place,
        from_ms=from_ms,
        to_ms=to_ms,
        cameras=tuple(cameras),
        around=tuple(_around(members, inventory)),
        proofs=tuple(_proofs(found)),
        well_at_site_ms=well,
        timeline=tuple(record.timeline),
        requests=tuple(record.requests),
        sendings=tuple(record.sendings),
        held=tuple(record.held),
        decisions=tuple(record.decisions),
    )


def _members(incident: Incident, timeline: Iterable[TimelineStep]) -> set[tuple[str, str]]:
    """Return every camera that was part of the outage at any time."""
    members = set(incident.members)
    for step in timeline:
        if incident.uplink is None:
            members |= {(incident.site, camera) for camera in step.cameras}
        else:
            members |= {(site, camera) for site, _, camera in (name.partition("/") for name in step.cameras)}
    return members


def _camera(
    site: str,
    camera: str,
    inventory: Inventory,
    intervals: Sequence[Interval],
    lost: Sequence[Interval],
    *,
    of_one_site: bool,
) -> DossierCamera:
    entry, of_site = inventory.camera(site, camera), inventory.site(site)
    alone = entry.name or camera
    name = f"{of_site.name or site} / {alone}"
    ms: dict[Bucket, int] = {}
    for each in intervals:
        ms[each.bucket] = ms.get(each.bucket, 0) + each.ms
    return DossierCamera(
        site=site,
        camera=camera,
        name=name,
        owner=inventory.owner_name(entry.owner),
        maintainer=inventory.maintainer_name(entry.maintainer),
        project=entry.project,
        ms=ms,
        from_ms=lost[0].from_ms if lost else None,
        to_ms=lost[-1].to_ms if lost else None,
        place=_place(site, camera, inventory, alone if of_one_site else name),
    )


def _place(site: str, camera: str, inventory: Inventory, name: str) -> Place | None:
    """Return where a camera stands: its own place, or else its site's."""
    for entry in (inventory.camera(site, camera), inventory.site(site)):
        if entry.latitude is not None and entry.longitude is not None:
            return Place(name, entry.latitude, entry.longitude)
    return None


def _around(members: set[tuple[str, str]], inventory: Inventory) -> Iterable[Place]:
    """Yield the places of the other cameras of the outage's sites."""
    sites = {site for site, _ in members}
    for site, camera in sorted(inventory.cameras):
        if site in sites and (site, camera) not in members:
            place = _place(site, camera, inventory, inventory.camera(site, camera).name or camera)
            if place is not None:
                yield place


def _proofs(found: Iterable[tuple[str, str, Interval]]) -> list[Proof]:
    """Return the lost time by bucket and evidence, that with the most time first."""
    grouped: dict[tuple[Bucket, str, str, str | None], list[tuple[str, str, Interval]]] = {}
    for each in found:
        interval = each[2]
        grouped.setdefault((interval.bucket, interval.evidence, interval.device, interval.cause), []).append(each)
    proofs = [
        Proof(
            *key,
            cameras=len({(site, camera) for site, camera, _ in its}),
            ms=sum(each.ms for _, _, each in its),
            from_ms=min(each.from_ms for _, _, each in its),
            to_ms=max(each.to_ms for _, _, each in its),
        )
        for key, its in grouped.items()
    ]
    return sorted(
        proofs, key=lambda proof: (-proof.ms, proof.bucket, proof.evidence, proof.device, proof.cause or "")
    )


def share(ms: int, of_ms: int) -> Decimal | None:
    """Return a part in percent, or None of nothing."""
    return Decimal(ms) * 100 / of_ms if of_ms else None
