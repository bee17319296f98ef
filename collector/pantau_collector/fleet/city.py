"""Builds the view of the city from the fleet, again only for the sites that have changed."""

from collections.abc import Callable, Iterable

from pantau_collector.fleet.model import Camera, Fleet, Site
from pantau_collector.fleet.view import CameraView, CityView, IncidentView, SiteView
from pantau_collector.inventory import Inventory
from pantau_contract.messages import connection_name
from pantau_contract.states import Cause, State

PictureTime = Callable[[str, str], int]
"""Returns when the newest snapshot of a camera was taken (UTC ms), or 0 if there is none, by site and camera."""


class City:
    """The views of all sites. A camera of the inventory that no agent has reported counts as not checked yet."""

    def __init__(self, inventory: Inventory, picture_ms: PictureTime) -> None:
        self._inventory = inventory
        self._picture_ms = picture_ms
        self._expected: dict[str, list[str]] = {site: [] for site in inventory.sites}
        for site, camera in inventory.cameras:
            self._expected.setdefault(site, []).append(camera)
        self._sites: dict[str, SiteView] = {}
        for site in self._expected:
            self._sites[site] = self._site(Site(site, first_s=0.0, online=False))

    def update(self, fleet: Fleet, changed: Iterable[str]) -> None:
        """Build the views of the changed sites again."""
        for site in changed:
            self._sites[site] = self._site(fleet.sites[site])

    def view(self, time_ms: int, incidents: Iterable[IncidentView]) -> CityView:
        """Return the whole city, with its sites in the order of their ids."""
        sites = tuple(self._sites[site] for site in sorted(self._sites))
        return CityView(time_ms, sites, tuple(incidents))

    def _site(self, site: Site) -> SiteView:
        known = self._inventory.site(site.id)
        missing = [
            Camera(camera, first_s=0.0) for camera in self._expected.get(site.id, ()) if camera not in site.cameras
        ]
        cameras = sorted([*site.cameras.values(), *missing], key=lambda camera: camera.id)
        certificate, ends_ms = site.first_certificate or ("", None)
        return SiteView(
            id=site.id,
            name=known.name or site.name or site.id,
            online=site.online,
            heard_ms=site.heard_ms,
            gaps=site.sequences.missing(),
            version=site.version,
            cameras=tuple(self._camera(site, camera) for camera in cameras),
            latitude=known.latitude,
            longitude=known.longitude,
            configuration=site.configuration,
            certificate=certificate,
            certificate_ends_ms=ends_ms,
            actions=site.actions,
            connection=connection_name(site.boot, site.session),
        )

    def _camera(self, site: Site, camera: Camera) -> CameraView:
        known = self._inventory.camera(site.id, camera.id)
        measures, hardware = camera.measures, camera.hardware
        gone = not site.online and camera.id in site.cameras
        return CameraView(
            id=camera.id,
            name=known.name or camera.name or camera.id,
            owner=self._inventory.owner_name(known.owner),
            maintainer=self._inventory.maintainer_name(known.maintainer),
            project=known.project,
            state=State.UNKNOWN if gone else camera.state,
            cause=Cause.AGENT_GONE if gone else camera.cause,
            since_ms=site.heard_ms if gone else camera.since_ms,
            detail="" if gone else camera.detail,
            sample_ms=camera.sample_ms,
            picture_ms=self._picture_ms(site.id, camera.id),
            codec=measures.codec,
            width=measures.width,
            height=measures.height,
            fps=measures.fps,
            bitrate_kbps=measures.bitrate_kbps,
            rtp_loss_pct=measures.rtp_loss_pct,
            vendor=hardware.vendor,
            model=hardware.model,
            firmware=hardware.firmware,
            firmware_note=hardware.firmware_note,
            picture_unseen=measures.picture_unseen or "",
            listed=not self._inventory.is_unlisted(site.id, camera.id),
            owner_id=known.owner,
            maintainer_id=known.maintainer,
        )
