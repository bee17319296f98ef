"""Which cameras a contract covers, by the inventory as it was at each moment."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

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
    reported, open_now = frozenset(cameras), dict[CameraKey, Covered]()
    before: Inventory | None = None
    for at_ms in [from_ms, *(each for each in history.changes(from_ms, to_ms) if from_ms < each < to_ms)]:
        inventory = history.at(at_ms)
        matchers = _matchers(contract, inventory)
        for key in _to_judge(before, inventory, reported, open_now):
            is_there = key in (inventory.cameras or reported)
            now = _covered(contract, matchers, inventory, key) if is_there else None
            last = open_now.get(key)
            if last is not None and now != last[2:]:
                found.setdefault(key, []).append(open_now.pop(key)._replace(to_ms=at_ms))
            if now is not None and key not in open_now:
                open_now[key] = Covered(at_ms, to_ms, *now)
        before = inventory
    for key, last in open_now.items():
        found.setdefault(key, []).append(last)
    return dict(sorted(found.items()))


def covered_cameras(
    contract: Contract, inventory: Inventory, reported: Iterable[CameraKey] = ()
) -> Iterator[InventoryCamera]:
    """Yield the cameras that a contract covers by an inventory; `reported` are used if it lists none."""
    every = inventory.cameras.values() or [inventory.camera(*key) for key in sorted(set(reported))]
    matchers = _matchers(contract, inventory)
    for camera in every:
        if any(matcher.covers(camera) for matcher in matchers):
            yield camera


def _covered(
    contract: Contract, matchers: "Sequence[_Matcher]", inventory: Inventory, key: CameraKey
) -> tuple[Criticality, str] | None:
    """Return how critical a covered camera is and its zone, or None if it is not covered."""
    camera = inventory.camera(*key)
    if not any(matcher.covers(camera) for matcher in matchers):
        return None
    return camera.criticality, zone_of(contract, inventory, camera.site)


def _to_judge(
    before: Inventory | None, inventory: Inventory, reported: Iterable[CameraKey], covered: Iterable[CameraKey]
) -> Iterable[CameraKey]:
    """Return the cameras about which anything may be another than before."""
    if before is not None and before.cameras and inventory.cameras:
        return _changed(before, inventory)
    return {*covered, *(inventory.cameras or reported)}


_known_changes: WeakKeyDictionary[Inventory, WeakKeyDictionary[Inventory, Sequence[CameraKey]]] = (
    WeakKeyDictionary()
)
"""What `_changed` found between two inventories, as long as both are in use: it is asked for each contract."""


def _changed(before: Inventory, inventory: Inventory) -> Sequence[CameraKey]:
    """Return the cameras that differ between two inventories: in themselves, their site or its connection."""
    known = _known_changes.setdefault(before, WeakKeyDictionary())
    found = known.get(inventory)
    if found is None:
        found = known[inventory] = _find_changed(before, inventory)
    return found


def _find_changed(before: Inventory, inventory: Inventory) -> Sequence[CameraKey]:
    if before.uplinks != inventory.uplinks:
        return list({*before.cameras, *inventory.cameras})
    sites = {
        site for site in {*before.sites, *inventory.sites} if before.sites.get(site) != inventory.sites.get(site)
    }
    return [
        key
        for key in {*before.cameras, *inventory.cameras}
        if key[0] in sites or before.cameras.get(key) != inventory.cameras.get(key)
    ]


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


def _matchers(contract: Contract, inventory: Inventory) -> "list[_Matcher]":
    return [_Matcher(covers, contract.party, inventory) for covers in contract.covers]


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
