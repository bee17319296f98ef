"""`/map`: the sites on a map, and in a list beside it."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.role import Role
from pantau_collector.config import Web
from pantau_collector.web.desk.filter import FilteredViews, choices, read_filter
from pantau_collector.web.desk.live_page import LivePages
from pantau_collector.web.desk.map_rows import site_rows
from pantau_collector.web.desk.requests import QueryError, bad_request
from pantau_collector.web.guard import GuardedRoute, city_of, guarded
from pantau_collector.web.headers import FORMS_ALLOWED, with_pictures_from


class MapPage:
    """Serves the map."""

    def __init__(self, live: LivePages, settings: Web) -> None:
        self._live = live
        self._tiles = settings.map_tiles or ""
        self._attribution = settings.map_attribution

    def routes(self) -> list[GuardedRoute]:
        """Return its routes."""
        return [guarded("/map", self.page, Role.SCREEN)]

    async def page(self, request: Request) -> Response:
        """Serve `/map`."""
        try:
            wanted = read_filter(request.query_params)
        except QueryError as error:
            return bad_request(error)
        answer = await self._live.answer(
            request,
            "map.html",
            "map_board.html",
            lambda city, words, _: {"rows": site_rows(city, words)},
            key=wanted,
            narrowed=partial(FilteredViews, filter_=wanted),
            more=lambda: {
                "filter": wanted,
                "choices": choices(city_of(request)),
                "tiles": self._tiles,
                "attribution": self._attribution,
            },
        )
        if self._tiles:
            answer.headers["Content-Security-Policy"] = with_pictures_from(FORMS_ALLOWED, self._tiles)
        return answer
