"""`/cameras/{site}/{camera}/actions`: all that an operator can do about one camera."""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.actions.action_error import ActionError
from pantau_collector.actions.maintenance import Period, plan
from pantau_collector.actions.notes import add_note
from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.store import note_rows
from pantau_collector.web.actions.answer import GET_AND_POST, NOT_REFUSED, Refused, answered, form_of, refused
from pantau_collector.web.actions.form import is_first, new_once, read_form
from pantau_collector.web.actions.rights import place_of
from pantau_collector.web.guard import GuardedRoute, city_of, guarded, principal_of
from pantau_collector.web.layout import language_of, render
from pantau_collector.web.sources import Sources
from pantau_collector.web.times import Times
from pantau_contract.words import words

MUTE_HOURS = (1, 4, 24, 72)
"""Hours for which a camera can be muted by a button."""
_PATH = "/cameras/{site}/{camera}"


class CameraActions:
    """Serves the page, and takes the forms for a note and for muting."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def routes(self) -> list[GuardedRoute]:
        """Return their routes."""
        return [
            guarded(f"{_PATH}/actions", self.page, Role.OPERATOR, name="camera_actions"),
            guarded(f"{_PATH}/mute", form_of("actions", self.mute), Role.OPERATOR, methods=GET_AND_POST),
            guarded(f"{_PATH}/notes", form_of("actions", self.note), Role.OPERATOR, methods=GET_AND_POST),
        ]

    async def page(self, request: Request) -> Response:
        """Serve the page."""
        return await run_in_threadpool(self.show, request)

    async def mute(self, request: Request) -> Response:
        """Notify nobody of the camera for some hours: maintenance that begins now."""
        form, who = await read_form(request), principal_of(request)
        site, camera = request.path_params["site"], request.path_params["camera"]

        def act() -> str:
            hours = form.get("hours", "")
            if hours not in map(str, MUTE_HOURS):
                raise ActionError("hours", "no_hours", most=MUTE_HOURS[-1])
            now_ms = self._sources.clock_ms()
            period = Period(now_ms, now_ms + int(hours) * 3_600_000, 0, self._sources.zone.key)
            downtime = Downtime(
                id=0,
                scope=Scope.CAMERA,
                target=f"{site}/{camera}",
                start_ms=period.start_ms,
                end_ms=period.end_ms,
                timezone=period.timezone,
                reason=form.get("reason", "")[:400],
                by=who.name,
                created_ms=now_ms,
            )
            with self._sources.store.begin() as connection:
                if is_first(connection, form, who, now_ms=now_ms):
                    plan(connection, downtime, now_ms=now_ms)
            return f"cameras/{site}/{camera}/actions?done=mute"

        return await answered(request, act, partial(self.refuse, request, form, "mute"))

    async def note(self, request: Request) -> Response:
        """Add a note to the camera."""
        form, who = await read_form(request), principal_of(request)
        site, camera = request.path_params["site"], request.path_params["camera"]

        def act() -> str:
            self._add_note(form, who, site, camera)
            return f"cameras/{site}/{camera}/actions?done=note"

        return await answered(request, act, partial(self.refuse, request, form, "note"))

    def _add_note(self, form: dict[str, str], who: Principal, site: str, camera: str) -> None:
        now_ms = self._sources.clock_ms()
        with self._sources.store.begin() as connection:
            if is_first(connection, form, who, now_ms=now_ms):
                text = form.get("text", "")
                add_note(connection, text, who.name, site=site, camera=camera, now_ms=now_ms)

    def refuse(self, request: Request, form: dict[str, str], which: str, error: ActionError) -> Response:
        """Return the page with what is wrong in one of its forms."""
        return self.show(request, refused(request, which, form, error))

    def show(self, request: Request, refused_form: Refused = NOT_REFUSED) -> Response:
        """Return the page."""
        site, camera = request.path_params["site"], request.path_params["camera"]
        with self._sources.store.begin() as connection:
            notes = note_rows.load_notes_of_camera(connection, site, camera)
        phrases = words(language_of(request))
        return render(
            request,
            "actions/camera_page.html",
            status=refused_form.status,
            place=place_of(city_of(request), site, camera),
            notes=notes,
            times=Times(phrases, self._sources.zone, self._sources.clock_ms()),
            mute_hours=MUTE_HOURS,
            once=new_once(),
            done=request.query_params.get("done", ""),
            refused=refused_form,
        )
