"""What the inventory does not say of cameras yet: for a list, counts a department, and a table to download."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pantau_collector.fleet.view import CityView
from pantau_collector.inventory import Inventory

WHAT = ("owner", "maintainer", "place", "project")
"""What should be known of each camera."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Incomplete(NamedTuple):
    """A camera of which something is missing; `owner` is an id, or empty."""

    site: str
    camera: str
    name: str
    owner: str
    missing: tuple[str, ...]


class Count(NamedTuple):
    """Of one owner (id, or empty for none): how many cameras there are, and how many miss what."""

    owner: str
    cameras: int
    missing: Mapping[str, int]


def incomplete(city: CityView, inventory: Inventory) -> Iterator[Incomplete]:
    """Yield each camera of which something is missing. A camera has its site's parties and place."""
    for site in city.sites:
        place = inventory.site(site.id)
        for camera in site.cameras:
            known = inventory.camera(site.id, camera.id)
            has = {
                "owner": known.owner,
                "maintainer": known.maintainer,
                "place": known.latitude is not None or place.latitude is not None,
                "project": known.project,
            }
            missing = tuple(each for each in WHAT if not has[each])
            if missing:
                yield Incomplete(site.id, camera.id, camera.name, known.owner, missing)


def counts(city: CityView, inventory: Inventory, found: Iterable[Incomplete]) -> list[Count]:
    """Return what is missing by owner, those without an owner first."""
    cameras: dict[str, int] = {}
    for site in city.sites:
        for camera in site.cameras:
            owner = inventory.camera(site.id, camera.id).owner
            cameras[owner] = cameras.get(owner, 0) + 1
    missing: dict[str, dict[str, int]] = {owner: dict.fromkeys(WHAT, 0) for owner in cameras}
    for each in found:
        for what in each.missing:
            missing[each.owner][what] += 1
    return [Count(owner, cameras[owner], missing[owner]) for owner in sorted(cameras)]


def as_csv(found: Iterable[Incomplete]) -> str:
    """Return a table for a spreadsheet program; what it would take for a formula has an apostrophe before it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["site", "camera", "name", *(f"{what}_missing" for what in WHAT)])
    for each in found:
        marks = ["1" if what in each.missing else "" for what in WHAT]
        writer.writerow([*map(_plain, (each.site, each.camera, each.name)), *marks])
    return text.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
