"""Which planned maintenance concerns a part of the city."""

from collections.abc import Iterable
from functools import lru_cache

from pantau_collector.incidents.coverage import Coverage, Target
from pantau_collector.incidents.downtime import Downtime
from pantau_collector.incidents.topology import Topology
from pantau_collector.inventory import Inventory
from pantau_collector.web.api_v1.reach import Reach


def planned_for(downtimes: Iterable[Downtime], inventory: Inventory, reach: Reach) -> list[Downtime]:
    """Return the maintenance that covers any camera or site of a reach; all of it for the whole city."""
    if reach.whole:
        return list(downtimes)
    targets = _targets(inventory, reach)
    return [each for each in downtimes if (each.scope, each.target) in targets]


def _targets(inventory: Inventory, reach: Reach) -> set[Target]:
    coverage = _coverage(inventory)
    found: set[Target] = set()
    for site, cameras in reach.cameras.items():
        found.update(coverage.of_site(site))
        for camera in cameras:
            found.update(coverage.of_camera(site, camera))
    return found


@lru_cache(2)
def _coverage(inventory: Inventory) -> Coverage:
    return Coverage(inventory, Topology(inventory))
