"""`/cameras`: the cameras as a list, the gravest first, a page at a time."""

from collections.abc import Mapping
from functools import partial

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.role import Role
from pantau_collector.fleet.view import CameraView, CityView, SiteView
from pantau_collector.web.camera_phrases import cause_phrase, state_phrase
from pantau_collector.web.desk.filter import FilteredViews, choices, read_filter
from pantau_collector.web.desk.live_page import LivePages
from pantau_collector.web.desk.marks import GRAVEST_FIRST
from pantau_collector.web.desk.requests import QueryError, bad_request, read_number
from pantau_collector.web.guard import GuardedRoute, city_of, guarded
from pantau_collector.web.times import Times
from pantau_contract.states import State
from pantau_contract.words import Words

PER_PAGE = 100
"""Cameras on one page."""


class CameraRow(Struct, frozen=True):
    """A camera of the list."""

    site: str
    site_name: str
    key: str
    name: str
    state: State
    label: str
    meaning: str
    since_ms: int
    owner: str
    maintainer: str
    project: str


class CameraList:
    """Serves the list of cameras."""

    def __init__(self, live: LivePages) -> None:
        self._live = live

    def routes(self) -> list[GuardedRoute]:
        """Return its route."""
        return [guarded("/cameras", self.page, Role.VIEWER, name="cameras")]

    async def page(self, request: Request) -> Response:
        """Serve `/cameras`."""
        try:
            wanted, page = read_filter(request.query_params), read_number(request, "page") or 1
        except QueryError as error:
            return bad_request(error)
        count = sum(len(site.cameras) for site in FilteredViews(lambda: city_of(request), wanted)().sites)
        return await self._live.answer(
            request,
            "cameras.html",
            "cameras_board.html",
            partial(camera_list, page=page),
            key=(wanted, page),
            narrowed=partial(FilteredViews, filter_=wanted),
            more=lambda: {
                "filter": wanted,
                "choices": choices(city_of(request)),
                "page": page,
                "pages": _pages(count),
            },
        )


def camera_list(city: CityView, words: Words, _times: Times, *, page: int) -> Mapping[str, object]:
    """Return what the template `cameras_board.html` shows."""
    cameras = [(site, camera) for site in city.sites for camera in site.cameras]
    cameras.sort(key=_order)
    shown = cameras[(page - 1) * PER_PAGE : page * PER_PAGE]
    return {
        "rows": [_row(site, camera, words) for site, camera in shown],
        "count": len(cameras),
        "pages": _pages(len(cameras)),
        "page": page,
    }


def _pages(count: int) -> int:
    return max(-(-count // PER_PAGE), 1)


def _order(each: tuple[SiteView, CameraView]) -> tuple[int, str, str]:
    site, camera = each
    return GRAVEST_FIRST.index(camera.state), site.id, camera.id


def _row(site: SiteView, camera: CameraView, words: Words) -> CameraRow:
    return CameraRow(
        site=site.id,
        site_name=site.name or site.id,
        key=camera.id,
        name=camera.name or camera.id,
        state=camera.state,
        label=state_phrase(camera, words),
        meaning=cause_phrase(words.meaning, camera.cause) if camera.cause else "",
        since_ms=camera.since_ms,
        owner=camera.owner,
        maintainer=camera.maintainer,
        project=camera.project,
    )
