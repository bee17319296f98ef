"""Checks contracts as a whole, and with the inventory: ids, what is named and not there, what is covered twice."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations
from typing import NamedTuple

from pantau_collector.contracts.coverage import covered_cameras
from pantau_collector.contracts.model import Contract
from pantau_collector.inventory import Inventory
from pantau_collector.inventory.model import Asset
from pantau_service.settings import did_you_mean

_HINTS = 50
"""Names for which a similar one is searched; that takes long where there are thousands."""
_KEYS = ("sites", "owners", "projects", "tags", "uplinks", "cameras")


class Located(NamedTuple):
    """A contract and where it stands: `contracts.toml: contract[3]`."""

    where: str
    contract: Contract

    def at(self, key: str) -> str:
        """Return where one of its values is."""
        return f"{self.where}.{key}"

    @property
    def named(self) -> str:
        """The end of a line about it."""
        return f" (contract {self.contract.id!r})"


def problems(contracts: Sequence[Located], inventory: Inventory, today: date) -> list[str]:
    """Return a line for everything that is wrong. What has ended before `today` may name what is gone."""
    current = [each for each in contracts if each.contract.valid_to >= today]
    lines = [*_duplicates(contracts), *_unknown(current, inventory)]
    if lines:
        return lines
    covered = {each.where: _covered(each.contract, inventory) for each in contracts}
    begun = [each for each in current if each.contract.valid_from <= today]
    return [*_empty(begun, covered, inventory), *_twice(contracts, covered, today)]


def remarks(contracts: Sequence[Located], inventory: Inventory, today: date) -> list[str]:
    """Return a line for everything that may be a mistake."""
    coming = [each for each in contracts if each.contract.valid_from > today]
    return list(_empty(coming, {each.where: _covered(each.contract, inventory) for each in coming}, inventory))


def _covered(contract: Contract, inventory: Inventory) -> frozenset[tuple[str, str]]:
    return frozenset((each.site, each.id) for each in covered_cameras(contract, inventory))


def _duplicates(contracts: Sequence[Located]) -> Iterator[str]:
    first: dict[str, Located] = {}
    for each in contracts:
        known = first.setdefault(each.contract.id, each)
        if known is not each:
            yield f"{each.at('id')}: expected each id once, and `{each.contract.id}` stands in {known.where} too"


def _unknown(contracts: Sequence[Located], inventory: Inventory) -> Iterator[str]:
    """Yield a line for each name that is not in the inventory."""
    assets: list[Asset] = [
        *inventory.cameras.values(),
        *inventory.sites.values(),
        *inventory.devices.values(),
        *inventory.uplinks.values(),
    ]
    known = {
        "sites": set(inventory.sites),
        "owners": set(inventory.owners),
        "projects": {each.project for each in assets if each.project},
        "tags": {tag for each in assets for tag in each.tags},
        "uplinks": set(inventory.uplinks),
        "cameras": {f"{site}/{camera}" for site, camera in inventory.cameras},
    }
    hints = _HINTS
    for each in contracts:
        named = [("party", "maintainer", each.contract.party, set(inventory.maintainers))]
        for i, covers in enumerate(each.contract.covers):
            for key in _KEYS:
                named += [(f"covers[{i + 1}].{key}", key[:-1], name, known[key]) for name in getattr(covers, key)]
        named += [("zone_by_tag", "tag", tag, known["tags"]) for tag in each.contract.zone_by_tag]
        for key, what, name, there in named:
            if name in there:
                continue
            hint = f"; {did_you_mean(name, sorted(there))}" if hints > 0 else ""
            hints -= 1
            yield f"{each.at(key)}: there is no {what} `{name}` in the inventory{hint}{each.named}"


def _empty(
    contracts: Sequence[Located], covered: dict[str, frozenset[tuple[str, str]]], inventory: Inventory
) -> Iterator[str]:
    """Yield a line for each contract that covers none of the inventory's cameras, if it lists any."""
    for each in contracts:
        if inventory.cameras and not covered[each.where]:
            several = "; keys that stand in one entry must all apply to a camera" if _has_several(each) else ""
            yield (
                f"{each.at('covers')}: expected it to cover a camera of the inventory, and it covers none"
                f"{several}; if its cameras are gone, let valid_to say until when it had them{each.named}"
            )


def _has_several(located: Located) -> bool:
    return any(len(covers.model_dump(exclude_defaults=True)) > 1 for covers in located.contract.covers)


def _twice(
    contracts: Sequence[Located], covered: dict[str, frozenset[tuple[str, str]]], today: date
) -> Iterator[str]:
    """Yield a line for each two contracts of one kind that cover a camera at the same time."""
    by_kind: dict[str, list[Located]] = {}
    for each in contracts:
        by_kind.setdefault(each.contract.kind, []).append(each)
    for of_kind in by_kind.values():
        for one, other in combinations(of_kind, 2):
            first = max(one.contract.valid_from, other.contract.valid_from)
            last = min(one.contract.valid_to, other.contract.valid_to)
            if first > last or max(one.contract.valid_to, other.contract.valid_to) < today:
                continue
            if both := covered[one.where] & covered[other.where]:
                camera = "/".join(min(both))
                more = f" and {len(both) - 1:,} more" if len(both) > 1 else ""
                yield (
                    f"{other.at('covers')}: expected no two contracts of kind `{other.contract.kind}` for a camera"
                    f" at a time, and `{one.contract.id}` covers {camera}{more} too, from {first} to {last}:"
                    f" change what one of them covers, its dates, or its kind{other.named}"
                )
