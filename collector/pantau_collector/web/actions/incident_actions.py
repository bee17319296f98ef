"""`/incidents/{number}/actions`: who takes an incident, and notes about it."""

from functools import partial
from http import HTTPStatus

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.role import Role
from pantau_collector.actions.acknowledgement import acknowledge_once, check_end, open_incident
from pantau_collector.actions.action_error import ActionError
from pantau_collector.actions.notes import add_note
from pantau_collector.inventory import Inventory
from pantau_collector.store import incident_rows, note_rows, request_rows
from pantau_collector.web.actions.answer import GET_AND_POST, NOT_REFUSED, Refused, answered, form_of, refused
from pantau_collector.web.actions.form import is_first, moment_ms, new_once, read_form
from pantau_collector.web.actions.rights import Outage, check_complete, outage_of
from pantau_collector.web.guard import GuardedRoute, city_of, guarded, principal_of, refusal
from pantau_collector.web.layout import language_of, render
from pantau_collector.web.sources import Sources
from pantau_collector.web.times import Times
from pantau_contract.words import words

HOURS = (1, 4, 24)
"""Hours that the page offers for an acknowledgement, beside "until it is over"."""
_PATH = "/incidents/{number:int}"


def load_outage(connection: Connection, request: Request) -> Outage:
    """Return the incident of the request's path, as the person may see it.

    Raises:
        ActionError: there is none.
    """
    number = request.path_params["number"]
    incident = incident_rows.load_incident(connection, number) if number < 1 << 63 else None
    return outage_of(incident, number, principal_of(request), city_of(request))


class IncidentActions:
    """Serves the page, and takes its forms."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def routes(self) -> list[GuardedRoute]:
        """Return their routes."""
        return [
            guarded(f"{_PATH}/actions", self.page, Role.OPERATOR, name="incident_actions"),
            guarded(
                f"{_PATH}/acknowledge", form_of("actions", self.acknowledge), Role.OPERATOR, methods=GET_AND_POST
            ),
            guarded(f"{_PATH}/notes", form_of("actions", self.note), Role.OPERATOR, methods=GET_AND_POST),
        ]

    async def page(self, request: Request) -> Response:
        """Serve the page."""
        return await run_in_threadpool(self._show, request)

    async def acknowledge(self, request: Request) -> Response:
        """Take the incident, for a while or until it is over; or no longer."""
        form, who = await read_form(request), principal_of(request)

        def act() -> str:
            now_ms = self._sources.clock_ms()
            until_ms = moment_ms(form, "until", self._sources.zone)
            if (hours := form.get("hours", "")) and until_ms is None:
                if hours not in map(str, HOURS):
                    raise ActionError("hours", "no_hours", most=HOURS[-1])
                until_ms = now_ms + int(hours) * 3_600_000
            check_end(until_ms, now_ms)
            with self._sources.store.begin() as connection:
                outage = load_outage(connection, request)
                incident = open_incident(connection, outage.incident.id)
                check_complete(outage)
                if is_first(connection, form, who, now_ms=now_ms):
                    if form.get("withdraw"):
                        request_rows.withdraw_acknowledgement(connection, incident.id, who.name, created_ms=now_ms)
                    else:
                        acknowledge_once(connection, incident, who.name, until_ms, now_ms=now_ms)
            done = "withdrawn" if form.get("withdraw") else "acknowledged"
            return f"incidents/{request.path_params['number']}/actions?done={done}"

        return await answered(request, act, partial(self._refuse, request, form, "acknowledge"))

    async def note(self, request: Request) -> Response:
        """Add a note to the incident."""
        form, who = await read_form(request), principal_of(request)

        def act() -> str:
            now_ms = self._sources.clock_ms()
            with self._sources.store.begin() as connection:
                incident = load_outage(connection, request).incident
                if is_first(connection, form, who, now_ms=now_ms):
                    add_note(
                        connection,
                        form.get("text", ""),
                        who.name,
                        site=incident.site,
                        camera=incident.camera,
                        incident=incident.id,
                        now_ms=now_ms,
                    )
            return f"incidents/{request.path_params['number']}/actions?done=note"

        return await answered(request, act, partial(self._refuse, request, form, "note"))

    def _refuse(self, request: Request, form: dict[str, str], which: str, error: ActionError) -> Response:
        return self._show(request, refused(request, which, form, error))

    def _show(self, request: Request, refused_form: Refused = NOT_REFUSED) -> Response:
        phrases = words(language_of(request))
        try:
            with self._sources.store.begin() as connection:
                outage = load_outage(connection, request)
                notes = note_rows.load_notes_of_incident(connection, outage.incident.id)
        except ActionError as error:
            return not_found(error)
        inventory = self._sources.inventory()
        return render(
            request,
            "actions/incident_page.html",
            status=refused_form.status,
            outage=outage,
            incident=outage.incident,
            names=[
                (site, camera, inventory.camera(site, camera).name or camera) for site, camera in outage.members
            ],
            place=incident_place(outage, inventory),
            notes=notes,
            times=Times(phrases, self._sources.zone, self._sources.clock_ms()),
            hours=HOURS,
            once=new_once(),
            done=request.query_params.get("done", ""),
            refused=refused_form,
        )


def incident_place(outage: Outage, inventory: Inventory) -> str:
    """Return what people call the place of an incident."""
    incident = outage.incident
    if incident.uplink is not None:
        return inventory.uplink_name(incident.uplink)
    site = inventory.site(incident.site).name or incident.site
    if incident.device is not None:
        return f"{site} / {inventory.device_name(incident.site, incident.device)}"
    if incident.camera is not None:
        return f"{site} / {inventory.camera(incident.site, incident.camera).name or incident.camera}"
    return site


def not_found(error: ActionError) -> Response:
    """Return the answer about an incident that a person may not see, or that does not exist."""
    return refusal(HTTPStatus.NOT_FOUND, error.text(words("en")))
