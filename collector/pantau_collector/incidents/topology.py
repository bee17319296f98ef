"""What stands between a camera and the collector, according to the inventory; any level may be missing.

camera -> host or recorder -> switch -> site -> uplink -> further uplink. Whatever is not in the inventory, or
names something that is not, hangs directly on the level above.
"""

from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct, field

from pantau_collector.incidents.subjects import device_subject, uplink_subject
from pantau_collector.inventory import Inventory


class Devices(Struct, frozen=True):
    """A site's devices by their subjects. A path goes from the lowest device to the highest."""

    of_camera: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    above: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Each device's own path, without the device itself."""


_NONE = Devices()
"""The devices of a site without any."""


class Topology:
    """All paths, computed once from the inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._devices: dict[str, Devices] = {}
        above: dict[str, dict[str, tuple[str, ...]]] = {}
        for site, device in inventory.devices:
            path = _path(device, partial(_via_device, inventory, site))
            above.setdefault(site, {})[device_subject(device)] = tuple(map(device_subject, path[1:]))
        cameras: dict[str, dict[str, tuple[str, ...]]] = {}
        for (site, camera), known in inventory.cameras.items():
            if (site, known.via) in inventory.devices:
                subject = device_subject(known.via)
                cameras.setdefault(site, {})[camera] = (subject, *above[site][subject])
        for site, devices in above.items():
            self._devices[site] = Devices(cameras.get(site, {}), devices)
        self.uplinks = {uplink: _path(uplink, partial(_via_uplink, inventory)) for uplink in inventory.uplinks}
        """Each uplink's path, beginning with the uplink itself."""
        self._of_site = {site.id: self.uplinks.get(site.uplink, ()) for site in inventory.sites.values()}

    def devices(self, site: str) -> Devices:
        """Return the devices of a site."""
        return self._devices.get(site, _NONE)

    def uplinks_of(self, site: str) -> tuple[str, ...]:
        """Return the uplinks that connect a site, the nearest first."""
        return self._of_site.get(site, ())

    def branches(self) -> dict[str, dict[str, str]]:
        """Return the sites behind each uplink, each with the site or further uplink that connects it there."""
        branches: dict[str, dict[str, str]] = {uplink: {} for uplink in self.uplinks}
        for site, path in self._of_site.items():
            below = site
            for uplink in path:
                branches[uplink][site] = below
                below = uplink_subject(uplink)
        return branches


def _path(first: str, via: Callable[[str], str]) -> tuple[str, ...]:
    """Follow `via` upwards from the first one; a loop is cut where it closes."""
    path = [first]
    while (following := via(path[-1])) and following not in path:
        path.append(following)
    return tuple(path)


def _via_device(inventory: Inventory, site: str, device: str) -> str:
    via = inventory.devices[site, device].via
    return via if (site, via) in inventory.devices else ""


def _via_uplink(inventory: Inventory, uplink: str) -> str:
    via = inventory.uplinks[uplink].via
    return via if via in inventory.uplinks else ""
