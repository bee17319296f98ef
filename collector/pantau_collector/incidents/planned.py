"""Which maintenance is under way, and whether it covers an outage: a stage, and what it looks things up in."""

from collections.abc import Iterable

from pantau_collector.incidents.case import Case, Moment, Wanted
from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.incidents.topology import Topology, device_subject, uplink_subject
from pantau_collector.inventory import Inventory


class Planned:
    """What is in maintenance now. Replaced when one begins or ends."""

    def __init__(self, inventory: Inventory, topology: Topology) -> None:
        self._inventory = inventory
        self._topology = topology
        self._under_way: dict[tuple[Scope, str], str] = {}

    def set(self, under_way: Iterable[Downtime]) -> None:
        """From now on these are under way, the first of two of the same thing before the second."""
        self._under_way = {}
        for downtime in under_way:
            self._under_way.setdefault((downtime.scope, downtime.target), str(downtime.id))

    def __call__(self, case: Case, now: Moment) -> None:
        """The stage: writes each wanted incident's `downtime`, the id of what covers all of it."""
        del now
        if not self._under_way:
            return
        for subject, wanted in case.wanted.items():
            case.wanted[subject] = wanted._replace(downtime=self._covering(case, subject, wanted))

    def _covering(self, case: Case, subject: str, wanted: Wanted) -> str:
        whole = self._of_uplinks((subject,)) if not case.place else self._of_site(case.place)
        if whole:
            return whole
        if not case.place:
            members = [tuple(name.split("/", 1)) for name in wanted.cameras]
            found = [self._of_site(site) or self._of_camera(site, camera) for site, camera in members]
        else:
            found = [
                self._of_device(case.place, subject) or self._of_camera(case.place, camera)
                for camera in wanted.cameras
            ]
        return found[0] if found and all(found) else ""

    def _of_uplinks(self, subjects: Iterable[str]) -> str:
        for uplink, path in self._topology.uplinks.items():
            if uplink_subject(uplink) in subjects:
                return next((found for each in path if (found := self._get(Scope.UPLINK, each))), "")
        return ""

    def _of_site(self, site: str) -> str:
        owner = self._inventory.site(site).owner
        uplinks = (self._get(Scope.UPLINK, uplink) for uplink in self._topology.uplinks_of(site))
        own = self._get(Scope.SITE, site) or (self._get(Scope.OWNER, owner) if owner else "")
        return own or next((found for found in uplinks if found), "")

    def _of_device(self, site: str, subject: str) -> str:
        above = self._topology.devices(site).above
        if subject not in above:
            return ""
        return self._first_device(site, (subject, *above[subject]))

    def _of_camera(self, site: str, camera: str) -> str:
        known = self._inventory.cameras.get((site, camera))
        found = self._get(Scope.CAMERA, f"{site}/{camera}")
        if found or known is None:
            return found
        found = self._first_device(site, self._topology.devices(site).of_camera.get(camera, ()))
        if not found and known.owner:
            found = self._get(Scope.OWNER, known.owner)
        if not found and known.project:
            found = self._get(Scope.PROJECT, known.project)
        return found

    def _first_device(self, site: str, subjects: Iterable[str]) -> str:
        wanted = set(subjects)
        for (scope, target), downtime in self._under_way.items():
            place, _, device = target.partition("/")
            if scope is Scope.DEVICE and place == site and device_subject(device) in wanted:
                return downtime
        return ""

    def _get(self, scope: Scope, target: str) -> str:
        return self._under_way.get((scope, target), "")
