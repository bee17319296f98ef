"""`/sites/{site}`: all about one site."""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.role import Role
from pantau_collector.fleet.view import IncidentView
from pantau_collector.web.desk.camera_history import DAY_MS, MONTH_DAYS, HistoryReader
from pantau_collector.web.desk.incident_list import past_cards, within
from pantau_collector.web.desk.live_page import LivePages
from pantau_collector.web.desk.requests import is_stream
from pantau_collector.web.desk.site_board import site_board
from pantau_collector.web.guard import GuardedRoute, city_of, guarded
from pantau_collector.web.layout import language_of
from pantau_collector.web.sources import Sources
from pantau_contract.words import words


class SitePage:
    """Serves the pages of sites."""

    def __init__(self, live: LivePages, sources: Sources, history: HistoryReader) -> None:
        self._live = live
        self._sources = sources
        self._history = history

    def routes(self) -> list[GuardedRoute]:
        """Return their routes."""
        return [guarded("/sites/{site}", self.page, Role.VIEWER, name="site")]

    async def page(self, request: Request) -> Response:
        """Serve `/sites/{site}`."""
        site = request.path_params["site"]
        past: tuple[IncidentView, ...] = ()
        if not is_stream(request):
            since_ms = self._sources.clock_ms() - MONTH_DAYS * DAY_MS
            past = await run_in_threadpool(self._history.incidents, site, "", since_ms)
        city = city_of(request)
        return await self._live.answer(
            request,
            "site.html",
            "site_board.html",
            partial(site_board, site=site, inventory=self._sources.inventory),
            more=lambda: {
                "site": site,
                "name": next((each.name for each in city.sites if each.id == site), "") or site,
                "cards": past_cards(
                    city, within(past, city), words(language_of(request)), self._live.times(request)
                ),
                "times": self._live.times(request),
            },
        )
