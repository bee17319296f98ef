"""`/cameras/{site}/{camera}`: all about one camera."""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.role import Role
from pantau_collector.contracts import Contract
from pantau_collector.notices.filtering import match_filters
from pantau_collector.web.desk.camera_board import camera_board, find_camera
from pantau_collector.web.desk.camera_history import CameraHistory, HistoryReader
from pantau_collector.web.desk.contract_book import ContractBook
from pantau_collector.web.desk.incident_list import past_cards, within
from pantau_collector.web.desk.live_page import LivePages
from pantau_collector.web.desk.requests import is_stream
from pantau_collector.web.guard import GuardedRoute, city_of, guarded, principal_of
from pantau_collector.web.layout import language_of
from pantau_collector.web.sources import Sources
from pantau_contract.words import words


class CameraPage:
    """Serves the pages of cameras."""

    def __init__(self, live: LivePages, sources: Sources, history: HistoryReader) -> None:
        self._live = live
        self._sources = sources
        self._history = history
        self._contracts = ContractBook(sources.config.contracts, sources.inventory)

    def routes(self) -> list[GuardedRoute]:
        """Return their routes."""
        return [guarded("/cameras/{site}/{camera}", self.page, Role.VIEWER, name="camera")]

    async def page(self, request: Request) -> Response:
        """Serve `/cameras/{site}/{camera}`."""
        site, camera = request.path_params["site"], request.path_params["camera"]
        past: CameraHistory | None = None
        contracts: list[Contract] = []
        if not is_stream(request):
            now_ms = self._sources.clock_ms()
            past = await run_in_threadpool(self._history.of_camera, site, camera, now_ms)
            contracts = await run_in_threadpool(self._contracts.of_camera, site, camera, now_ms)
        city = city_of(request)
        found = find_camera(city, site, camera)
        return await self._live.answer(
            request,
            "camera.html",
            "camera_board.html",
            partial(camera_board, site=site, camera=camera, inventory=self._sources.inventory),
            more=lambda: {
                "site": site,
                "camera": camera,
                "name": (found[1].name if found else "") or camera,
                "past": past,
                "cards": past_cards(
                    city,
                    within(past.incidents if past else (), city),
                    words(language_of(request)),
                    self._live.times(request),
                ),
                "contracts": contracts,
                "told": self._told(site, camera) if principal_of(request).scope.whole_city else (),
                "times": self._live.times(request),
                "party": self._sources.inventory().maintainer_name,
            },
        )

    def _told(self, site: str, camera: str) -> list[str]:
        """Return the names of those who are notified of this camera's outages, whatever the hour."""
        people, inventory = self._sources.config.people, self._sources.inventory()
        return [
            recipient.name or recipient.id
            for recipient in people.recipient
            if match_filters(people.filters(recipient), [(site, camera)], inventory, site=site)
        ]
