"""Which cameras a contract covers, by the inventory as it was at each moment."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

from pantau_collector.contracts.days import midnight_ms
from pantau_collector.contracts.model import Contract, Covers
from pantau_collector.inventory import Inventory, InventoryCamera
from pantau_collector.inventory.model import Criticality
from pantau_collector.ledger.spans import Span

CameraKey = tuple[str, str]
"""Site and id of a camera."""


class Covered(NamedTuple):
    """A stretch of time (UTC ms) in which a contract covers a camera, how critical it was, and its site's zone."""

    from_ms: int
    to_ms: int
    criticality: Criticality
    zone: str


class InventoryOverTime(Protocol):
    """The inventory as it was at each moment (UTC ms)."""

    def at(self, ms: int, /) -> Inventory:
        """Return the inventory of a moment."""

    def changes(self, from_ms: int, to_ms: int, /) -> Sequence[int]:
        """Return the moments of a period at which it changed, in order."""


def valid_span(contract: Contract) -> Span:
    """Return the time in which a contract is valid."""
    after = contract.valid_to.fromordinal(contract.valid_to.toordinal() + 1)
    return Span(midnight_ms(contract.valid_from, contract.zone), midnight_ms(after, contract.zone))


def coverage(
    contract: Contract, history: InventoryOverTime, cameras: Collection[CameraKey], period: Span
) -> dict[CameraKey, list[Covered]]:
    """Return when a contract covers which cameras in a period, in order; those that it does not cover are absent.

    Args:
        contract: the contract; it covers nothing while it is not valid.
        history: the inventory over time.
        cameras: those that agents reported. They count where the inventory lists none at all.
        period: UTC ms.
    """
    valid = valid_span(contract)
    from_ms, to_ms = max(valid.from_ms, period.from_ms), min(valid.to_ms, period.to_ms)
    found: dict[CameraKey, list[Covered]] = {}
    if from_ms >= to_ms:
        return found
    moments = sorted(
        {from_ms, to_ms, *(each for each in history.changes(from_ms, to_ms) if from_ms < each < to_ms)}
    )
    for begin_ms, end_ms in pairwise(moments):
        inventory = history.at(begin_ms)
        for camera in covered_cameras(contract, inventory, cameras):
            zone = zone_of(contract, inventory, camera.site)
            stretches = found.setdefault((camera.site, camera.id), [])
            if stretches and stretches[-1][1:] == (begin_ms, camera.criticality, zone):
                stretches[-1] = stretches[-1]._replace(to_ms=end_ms)
            else:
                stretches.append(Covered(begin_ms, end_ms, camera.criticality, zone))
    return dict(sorted(found.items()))


def covered_cameras(
    contract: Contract, inventory: Inventory, reported: Iterable[CameraKey] = ()
) -> Iterator[InventoryCamera]:
    """Yield the cameras that a contract covers by an inventory; `reported` are used if it lists none."""
    every = inventory.cameras.values() or [inventory.camera(*key) for key in sorted(set(reported))]
    matchers = [_Matcher(covers, contract.party, inventory) for covers in contract.covers]
    for camera in every:
        if any(matcher.covers(camera) for matcher in matchers):
            yield camera


def zone_of(contract: Contract, inventory: Inventory, site: str) -> str:
    """Return the zone of a site's service hours."""
    tags = inventory.site(site).tags
    return next((zone for tag, zone in contract.zone_by_tag.items() if tag in tags), contract.zone)


def uplinks_of(inventory: Inventory, site: str) -> list[str]:
    """Return the uplinks that connect a site, the nearest first."""
    found: list[str] = []
    at = inventory.site(site).uplink
    while at and at not in found:
        found.append(at)
        known = inventory.uplinks.get(at)
        at = known.via if known else ""
    return found


class _Matcher:
    """One entry of `covers` with an inventory."""

    def __init__(self, covers: Covers, party: str, inventory: Inventory) -> None:
        self._cameras, self._sites = frozenset(covers.cameras), frozenset(covers.sites)
        self._owners, self._projects = frozenset(covers.owners), frozenset(covers.projects)
        self._tags, self._uplinks = frozenset(covers.tags), frozenset(covers.uplinks)
        self._maintainer = party if covers.maintained else ""
        self._inventory = inventory
        self._by_site: dict[str, bool] = {}

    def covers(self, camera: InventoryCamera) -> bool:
        return (
            (not self._sites or camera.site in self._sites)
            and (not self._cameras or f"{camera.site}/{camera.id}" in self._cameras)
            and (not self._owners or camera.owner in self._owners)
            and (not self._projects or camera.project in self._projects)
            and (not self._maintainer or camera.maintainer == self._maintainer)
            and (not self._tags or not self._tags.isdisjoint(self._tags_of(camera)))
            and (not self._uplinks or self._has_uplink(camera.site))
        )

    def _tags_of(self, camera: InventoryCamera) -> list[str]:
        return [*camera.tags, *self._inventory.site(camera.site).tags]

    def _has_uplink(self, site: str) -> bool:
        if site not in self._by_site:
            self._by_site[site] = not self._uplinks.isdisjoint(uplinks_of(self._inventory, site))
        return self._by_site[site]
