"""A project of the city, as the inventory lists it, or as cameras name it."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from pantau_collector.inventory import Inventory, InventoryProject
from pantau_collector.names import Slug
from pantau_collector.pictures import CameraKey
from pantau_collector.spreadsheet import near_slug


class Project(Struct, frozen=True):
    """A project and its cameras. `is_listed` is false if the inventory has no entry for it: it has a name alone.

    `owner` is an id; `owner_name` and `contractor` are for people.
    """

    id: Slug
    title: str
    is_listed: bool
    cameras: tuple[CameraKey, ...]
    owner: str = ""
    owner_name: str = ""
    contractor: str = ""
    begin: date | None = None
    planned_end: date | None = None
    place: str = ""
    latitude: float | None = None
    longitude: float | None = None
    budget_line: str = ""


def projects_of(inventory: Inventory) -> list[Project]:
    """Return every project, those that are listed first, in their order; then those only named, by name."""
    cameras: dict[str, list[CameraKey]] = {}
    for key, camera in inventory.cameras.items():
        if camera.project:
            cameras.setdefault(camera.project, []).append(key)
    found = [_listed(each, inventory, cameras.pop(each.title, ())) for each in inventory.projects.values()]
    taken = set(inventory.projects)
    for title, its in sorted(cameras.items()):
        project_id = _free(near_slug(title) or "project", taken)
        taken.add(project_id)
        found.append(Project(project_id, title, is_listed=False, cameras=tuple(its)))
    return found


def find_project(projects: Iterable[Project], text: str) -> Project | None:
    """Return the project of an id or a name, in capitals or not; None if there is none."""
    wanted = text.strip().casefold()
    return next((each for each in projects if wanted in (each.id.casefold(), each.title.casefold())), None)


def _listed(entry: InventoryProject, inventory: Inventory, cameras: Iterable[CameraKey]) -> Project:
    return Project(
        entry.id,
        entry.title,
        is_listed=True,
        cameras=tuple(cameras),
        owner=entry.owner,
        owner_name=inventory.owner_name(entry.owner),
        contractor=inventory.maintainer_name(entry.contractor),
        begin=entry.begin,
        planned_end=entry.planned_end,
        place=entry.place,
        latitude=entry.latitude,
        longitude=entry.longitude,
        budget_line=entry.budget_line,
    )


def _free(wanted: str, taken: set[str]) -> str:
    """Return the id, with a number if another project has it."""
    return next(
        each for n in range(1, len(taken) + 2) if (each := wanted if n == 1 else f"{wanted}-{n}") not in taken
    )
