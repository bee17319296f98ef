"""Which downtime targets cover a thing: the thing itself, what it hangs on, and whose it is."""

from collections.abc import Iterable

from pantau_collector.incidents.downtime import Scope
from pantau_collector.incidents.subjects import device_of
from pantau_collector.incidents.topology import Topology
from pantau_collector.inventory import Inventory

Target = tuple[Scope, str]
"""A downtime's scope and target."""


class Coverage:
    """Looks up the targets that cover a thing, the nearest first. Devices are given by their subjects."""

    def __init__(self, inventory: Inventory, topology: Topology) -> None:
        self._inventory = inventory
        self._topology = topology

    def of_camera(self, site: str, camera: str) -> list[Target]:
        """Return the targets that cover a camera."""
        known = self._inventory.camera(site, camera)
        targets = [(Scope.CAMERA, f"{site}/{camera}")]
        targets += _devices(site, self._topology.devices(site).of_camera.get(camera, ()))
        targets += [(Scope.OWNER, known.owner)] if known.owner else []
        targets += [(Scope.PROJECT, known.project)] if known.project else []
        return [*targets, *self.of_site(site)]

    def of_device(self, site: str, subject: str) -> list[Target]:
        """Return the targets that cover a device and everything behind it."""
        above = self._topology.devices(site).above.get(subject, ())
        return [*_devices(site, (subject, *above)), *self.of_site(site)]

    def of_site(self, site: str) -> list[Target]:
        """Return the targets that cover a site and everything there."""
        uplinks = ((Scope.UPLINK, uplink) for uplink in self._topology.uplinks_of(site))
        return [(Scope.SITE, site), *uplinks]

    def of_empty_site(self, site: str) -> list[Target]:
        """Return the targets that cover a site without cameras: they include its owner, as no camera has one."""
        return [*self.of_site(site), (Scope.OWNER, self._inventory.site(site).owner)]

    def of_uplink(self, uplink: str) -> list[Target]:
        """Return the targets that cover an uplink and everything behind it."""
        return [(Scope.UPLINK, each) for each in self._topology.uplinks.get(uplink, (uplink,))]


def _devices(site: str, subjects: Iterable[str]) -> list[Target]:
    return [(Scope.DEVICE, f"{site}/{device_of(subject)}") for subject in subjects]
