"""Look now, and accept a new view: asked of the agent, with a page that shows how far it is."""

from functools import partial
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.role import Role
from pantau_collector.actions.agent_requests import ACCEPT_VIEW, LOOK, AgentRequests, Progress
from pantau_collector.store import StoreError
from pantau_collector.store.agent_request_rows import AgentRequest
from pantau_collector.web.actions.answer import GET_AND_POST, answered, form_of
from pantau_collector.web.actions.camera_actions import CameraActions
from pantau_collector.web.actions.form import read_form
from pantau_collector.web.actions.rights import place_of
from pantau_collector.web.guard import GuardedRoute, city_of, guarded, principal_of, refusal
from pantau_collector.web.layout import render
from pantau_collector.web.sources import Sources

_PATH = "/cameras/{site}/{camera}"


class Looks:
    """Serves the forms that ask an agent, and the page with its answer."""

    def __init__(self, sources: Sources, camera_page: CameraActions) -> None:
        self._sources = sources
        self._requests = AgentRequests(sources.store, sources.send, sources.clock_ms)
        self._camera_page = camera_page

    def routes(self) -> list[GuardedRoute]:
        """Return their routes."""
        return [
            guarded(f"{_PATH}/look", form_of("actions", self.look), Role.OPERATOR, methods=GET_AND_POST),
            guarded(
                f"{_PATH}/accept-view", form_of("actions", self.accept_view), Role.OPERATOR, methods=GET_AND_POST
            ),
            guarded(f"{_PATH}/asked/{{request}}", self.page, Role.OPERATOR, name="asked"),
        ]

    async def look(self, request: Request) -> Response:
        """Ask the agent to look at the camera now."""
        return await self._ask(request, LOOK)

    async def accept_view(self, request: Request) -> Response:
        """Ask the agent to take what the camera shows now as its right view."""
        return await self._ask(request, ACCEPT_VIEW)

    async def page(self, request: Request) -> Response:
        """Serve the page with the answer; with `?part=1` only the part of it that changes."""
        site, camera = request.path_params["site"], request.path_params["camera"]
        try:
            found = await run_in_threadpool(self._requests.find, request.path_params["request"])
        except StoreError as error:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"the state cannot be read: {error}")
        if found is None or (found.site, found.camera) != (site, camera):
            return refusal(HTTPStatus.NOT_FOUND, "there is no such request")
        return self._show(request, found)

    async def _ask(self, request: Request, action: str) -> Response:
        form, who = await read_form(request), principal_of(request)
        site, camera = request.path_params["site"], request.path_params["camera"]

        def act() -> str:
            place = place_of(city_of(request), site, camera)
            asked = self._requests.ask(place.site, camera, action, who.name)
            return f"cameras/{site}/{camera}/asked/{asked.id}"

        return await answered(request, act, partial(self._camera_page.refuse, request, form, action))

    def _show(self, request: Request, asked: AgentRequest) -> Response:
        place = place_of(city_of(request), asked.site, asked.camera)
        picture_ms = self._sources.pictures.taken_ms(asked.site, asked.camera)
        progress = self._requests.progress(asked, picture_ms)
        return render(
            request,
            "actions/answer.html" if request.query_params.get("part") else "actions/asked.html",
            place=place,
            asked=asked,
            answer=asked.answer,
            progress=progress,
            under_way=progress in {Progress.ASKED, Progress.PICTURE},
            elapsed_s=max(0, self._sources.clock_ms() - asked.asked_ms) // 1000,
            picture_ms=picture_ms,
        )
