"""City projects, and how their cameras are."""

from collections import Counter
from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from pantau_collector.fleet.view import CameraView, SiteView
from pantau_collector.inventory.model import InventoryProject
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.cameras import CameraFilter, matching
from pantau_collector.web.api_v1.cursor import CountedPage, Cursor, Limit, decode_cursor, page_after
from pantau_collector.web.api_v1.values import Text
from pantau_contract.states import State


class Project(Struct, frozen=True):
    """A project that cameras look at. `states` counts its cameras, `cameras` names them as `site/camera`.

    `id` and all from `owner` to `budget_line` are the inventory's; empty or null where it lists no such project.
    `owners` are the names of the cameras' owners.
    """

    id: str
    name: str
    owner: str
    contractor: str
    begin: date | None
    planned_end: date | None
    place: str
    latitude: float | None
    longitude: float | None
    budget_line: str
    owners: tuple[str, ...]
    cameras: tuple[str, ...]
    states: dict[str, int]


class ProjectsQuery(Struct, frozen=True):
    """Which projects are listed."""

    owner: Annotated[tuple[Text, ...], Meta(description="Id or name.")] = ()
    text: Annotated[Text | None, Meta(description="Part of its name.")] = None
    limit: Limit = 100
    cursor: Cursor | None = None


def list_projects(asked: Asked, query: ProjectsQuery) -> CountedPage[Project]:
    """List the projects that cameras look at, by name."""
    after, text = decode_cursor(query.cursor, str), (query.text or "").casefold()
    cameras: dict[str, list[tuple[SiteView, CameraView]]] = {}
    for site, camera in matching(asked, CameraFilter(owner=query.owner)):
        if camera.project and text in camera.project.casefold():
            cameras.setdefault(camera.project, []).append((site, camera))
    names = sorted(cameras)
    page, following = page_after(names, after, query.limit, lambda name: name)
    entries = {each.title: each for each in asked.inventory.projects.values()}
    items = tuple(_describe(name, entries.get(name, _UNLISTED), cameras[name]) for name in page)
    return CountedPage(items, len(names), following)


_UNLISTED = InventoryProject.model_construct(id="")


def _describe(name: str, entry: InventoryProject, cameras: list[tuple[SiteView, CameraView]]) -> Project:
    counts = Counter(camera.state for _, camera in cameras)
    return Project(
        id=entry.id,
        name=name,
        owner=entry.owner,
        contractor=entry.contractor,
        begin=entry.begin,
        planned_end=entry.planned_end,
        place=entry.place,
        latitude=entry.latitude,
        longitude=entry.longitude,
        budget_line=entry.budget_line,
        owners=tuple(sorted({camera.owner for _, camera in cameras if camera.owner})),
        cameras=tuple(f"{site.id}/{camera.id}" for site, camera in cameras),
        states={str(state): counts[state] for state in State if counts[state]},
    )
