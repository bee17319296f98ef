"""`/`: the wall, and `/board`: the part of it that changes, for programs that show it elsewhere."""

from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pantau_collector.access.role import Role
from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health, TroubleKind
from pantau_collector.web.conditional import is_not_modified
from pantau_collector.web.desk.filter import Filter, FilteredViews, choices, read_filter
from pantau_collector.web.desk.live_page import LivePages
from pantau_collector.web.desk.requests import QueryError, bad_request
from pantau_collector.web.guard import GuardedRoute, city_of, guarded
from pantau_collector.web.times import Times
from pantau_collector.web.wall import StateCount, Wall
from pantau_collector.web.wall_builder import Scope, build_wall
from pantau_contract.words import Words


class Tallies(Struct, frozen=True):
    """How many cameras are in each state, and how many incidents are open; `stale`: it is old."""

    counts: tuple[StateCount, ...]
    open: int
    stale: bool


class Banners(Struct, frozen=True):
    """What is said above the stage: troubles of the collector, and what part of the city is shown."""

    stale_since: str
    troubles: tuple[TroubleKind, ...]
    only: str
    everything: bool


class WallPage:
    """Serves the wall."""

    def __init__(self, live: LivePages, health: Callable[[], Health], clock_ms: Callable[[], int]) -> None:
        self._live = live
        self._health = health
        self._clock_ms = clock_ms

    def routes(self) -> list[GuardedRoute]:
        """Return its routes."""
        return [guarded("/", self.page, Role.SCREEN, name="wall"), guarded("/board", self.board, Role.SCREEN)]

    async def page(self, request: Request) -> Response:
        """Serve `/`: the wall; of one site with `?site=`, all of it with `?all=1`, or as a filter wants it."""
        try:
            wanted = read_filter(request.query_params)
        except QueryError as error:
            return bad_request(error)
        shown = _shown(request)
        return await self._live.answer(
            request,
            "page.html",
            "board.html",
            partial(self._build, shown=shown, wanted=wanted),
            key=(wanted, shown),
            narrowed=partial(FilteredViews, filter_=wanted),
            more=lambda: {"filter": wanted, "choices": choices(city_of(request))},
        )

    async def board(self, request: Request) -> Response:
        """Serve `/board`: the board alone, with an `ETag` that changes with what it shows."""
        try:
            wanted = read_filter(request.query_params)
        except QueryError as error:
            return bad_request(error)
        shown = _shown(request)
        channel = self._live.channel(
            request,
            "board.html",
            partial(self._build, shown=shown, wanted=wanted),
            key=(wanted, shown),
            narrowed=partial(FilteredViews, filter_=wanted),
        )
        headers = {"ETag": f'"{channel.last_id}"', "Cache-Control": "private, no-cache"}
        if is_not_modified(request, headers):
            return Response(status_code=304, headers=headers)
        return HTMLResponse(f'<main id="board">{channel.state.html}</main>', headers=headers)

    def _build(
        self, city: CityView, words: Words, times: Times, *, shown: Scope, wanted: Filter
    ) -> Mapping[str, object]:
        wall: Wall = build_wall(city, self._health(), words, times, now_ms=self._clock_ms(), scope=shown)
        site = wall.blocks[0].name if wall.site and wall.blocks else wall.site
        return {
            "wall": wall,
            "tallies": Tallies(wall.state_counts, len(wall.cards) + wall.more_cards, bool(wall.stale_since)),
            "banners": Banners(wall.stale_since, wall.troubles, site, wall.everything or not wanted.is_empty),
            "filtered": not wanted.is_empty,
        }


def _shown(request: Request) -> Scope:
    site = request.query_params.get("site", "")
    return Scope(
        site=site if any(each.id == site for each in city_of(request).sites) else "",
        everything="all" in request.query_params,
    )
