"""`/projects` and `/projects/{project}`: what the city builds, its cameras, and its pictures by date."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from msgspec import Struct, structs
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from pantau_collector.access.role import Role
from pantau_collector.fleet.view import CameraView
from pantau_collector.pictures import CameraKey
from pantau_collector.projects import Project, projects_of
from pantau_collector.snapshots import SnapshotReader
from pantau_collector.timelapse.cache import FilmCache
from pantau_collector.timelapse.choose import Moment
from pantau_collector.web.guard import city_of, principal_of, refusal
from pantau_collector.web.layout import linker, render
from pantau_collector.web.projects.film_maker import FilmMaker
from pantau_collector.web.projects.gallery import Day, chosen, days_of, within
from pantau_collector.web.sources import Sources
from pantau_contract.states import State

_KEY_LETTERS = frozenset("0123456789abcdef")


class _Choice(Struct, frozen=True):
    """What a request chose of a project: a camera, its days, and two of them; the film between them."""

    project: Project
    camera: CameraKey | None
    days: list[Day]
    left: Day | None
    right: Day | None

    @property
    def moments(self) -> list[Moment]:
        """The frames of the film from one day to the other."""
        if self.left is None or self.right is None:
            return []
        return [Moment([each.snapshot]) for each in within(self.days, self.left, self.right)]

    @property
    def key(self) -> str:
        """By what that film is found again."""
        return FilmCache.key(self.project.title, self.moments)


class ProjectPages:
    """Serves the pages of projects, within the scope of whoever asks."""

    def __init__(self, sources: Sources, reader: SnapshotReader, films: FilmMaker) -> None:
        self._sources = sources
        self._reader = reader
        self._films = films

    async def listing(self, request: Request) -> Response:
        """Serve `/projects`."""
        views = _views(request)
        rows = [
            (each, sum(views[key].state is State.OK for key in each.cameras if key in views))
            for each in self._projects(request)
        ]
        return render(request, "projects.html", rows=rows)

    async def page(self, request: Request) -> Response:
        """Serve `/projects/{project}`; 404 for one that is not, or beyond the scope."""
        choice = await self._choice(request, request.query_params)
        month = request.query_params.get("month") or (choice.days[-1].month if choice.days else "")
        views = _views(request)
        film = self._films.state(choice.camera, choice.key) if choice.camera and choice.moments else None
        return render(
            request,
            "project.html",
            project=choice.project,
            cameras=[(key, views[key]) for key in choice.project.cameras if key in views],
            camera="/".join(choice.camera) if choice.camera else "",
            days=choice.days,
            left=choice.left,
            right=choice.right,
            months=sorted({each.month for each in choice.days}, reverse=True),
            month=month,
            shown=[each for each in choice.days if each.month == month],
            film=film,
            film_key=choice.key,
            may_order=principal_of(request).role >= Role.OPERATOR,
        )

    async def order(self, request: Request) -> Response:
        """Begin to make the film between two days, and go back to the page."""
        form = await request.form()
        asked = {name: str(form.get(name, "")) for name in ("camera", "left", "right")}
        choice = await self._choice(request, asked)
        if choice.camera is None or not choice.moments:
            return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "there is no picture of these days")
        begun = self._films.order(
            str(self._reader.directory.absolute()),
            self._sources.zone.key,
            choice.camera,
            choice.project.title,
            self._name(choice.camera),
            choice.moments,
        )
        if not begun:
            return refusal(HTTPStatus.CONFLICT, "another film is being made: try again in a minute")
        address = linker(request)(f"projects/{choice.project.id}", **asked)
        return RedirectResponse(f"{address}#film", HTTPStatus.SEE_OTHER)

    async def progress(self, request: Request) -> Response:
        """Serve how the film between two days is, as JSON."""
        choice = await self._choice(request, request.query_params)
        if choice.camera is None:
            raise HTTPException(404)
        state = self._films.state(choice.camera, choice.key)
        return Response(
            msgspec.json.encode(state), media_type="application/json", headers={"Cache-Control": "no-store"}
        )

    async def film(self, request: Request) -> Response:
        """Serve a film that was made; 404 if there is none."""
        named = request.path_params
        path = self._films.cache.path((named["site"], named["camera"]), named["key"])
        if not set(named["key"]) <= _KEY_LETTERS or not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, media_type="video/mp4", headers={"Cache-Control": "private, no-cache"})

    def _projects(self, request: Request) -> list[Project]:
        """Return the projects within the scope, each with those of its cameras that are."""
        views, scope = _views(request), principal_of(request).scope
        found = []
        for each in projects_of(self._sources.inventory()):
            cameras = tuple(key for key in each.cameras if key in views)
            if cameras or scope.whole_city or scope.includes("", each.owner, each.title):
                found.append(structs.replace(each, cameras=cameras))
        return found

    async def _choice(self, request: Request, asked: Mapping[str, str]) -> _Choice:
        """Return what a query or form chose, of what is within the scope."""
        wanted = request.path_params["project"]
        project = next((each for each in self._projects(request) if each.id == wanted), None)
        if project is None:
            raise HTTPException(404)
        keys = {"/".join(key): key for key in project.cameras}
        camera = keys.get(asked.get("camera", "")) or next(iter(keys.values()), None)
        days = await run_in_threadpool(self._days, camera) if camera else []
        if not days:
            return _Choice(project, camera, [], None, None)
        left = chosen(days, asked.get("left"), days[0])
        return _Choice(project, camera, days, left, chosen(days, asked.get("right"), days[-1]))

    def _days(self, camera: CameraKey) -> list[Day]:
        return days_of(self._reader.list(camera), self._sources.config.snapshots, self._sources.zone)

    def _name(self, camera: CameraKey) -> str:
        return self._sources.inventory().camera(*camera).name or camera[1]


def _views(request: Request) -> dict[CameraKey, CameraView]:
    return {(site.id, camera.id): camera for site in city_of(request).sites for camera in site.cameras}
