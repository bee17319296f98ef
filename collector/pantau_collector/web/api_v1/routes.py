"""All operations, and the routes made of them."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pantau_collector.access.role import Role
from pantau_collector.web.api_v1.acknowledgement import acknowledge_incident, withdraw_acknowledgement
from pantau_collector.web.api_v1.asked import Shared
from pantau_collector.web.api_v1.availability import get_availability, get_contract_availability
from pantau_collector.web.api_v1.cameras import get_camera, list_cameras
from pantau_collector.web.api_v1.decision_making import decide
from pantau_collector.web.api_v1.decisions import get_decision, list_decisions
from pantau_collector.web.api_v1.downtime_changes import cancel_downtime, plan_downtime
from pantau_collector.web.api_v1.downtimes import get_downtime, list_downtimes
from pantau_collector.web.api_v1.events import EVENTS, stream_events
from pantau_collector.web.api_v1.incidents import get_incident, list_incidents
from pantau_collector.web.api_v1.maintenance import get_maintenance_calendar
from pantau_collector.web.api_v1.openapi import document
from pantau_collector.web.api_v1.operation import Operation
from pantau_collector.web.api_v1.projects import list_projects
from pantau_collector.web.api_v1.sites import get_site, list_sites
from pantau_collector.web.api_v1.snapshots import JPEG, get_snapshot, list_snapshots
from pantau_collector.web.api_v1.states import list_camera_states, list_site_states
from pantau_collector.web.guard import GuardedRoute, guarded
from pantau_collector.web.sources import Sources

PREFIX = "/api/v1"
CALENDAR = "/maintenance.ics"
_CAMERA = "/sites/{site}/cameras/{camera}"
_ACKNOWLEDGEMENT = "/incidents/{incident}/acknowledgement"

OPERATIONS: Sequence[Operation] = (
    Operation("GET", "/sites", list_sites),
    Operation("GET", "/sites/{site}", get_site),
    Operation("GET", "/sites/{site}/states", list_site_states),
    Operation("GET", "/cameras", list_cameras),
    Operation("GET", _CAMERA, get_camera),
    Operation("GET", f"{_CAMERA}/states", list_camera_states),
    Operation("GET", f"{_CAMERA}/snapshots", list_snapshots),
    Operation("GET", f"{_CAMERA}/snapshots/{{which}}", get_snapshot, media=JPEG, picture=True),
    Operation("GET", "/incidents", list_incidents),
    Operation("GET", "/incidents/{incident}", get_incident),
    Operation("POST", _ACKNOWLEDGEMENT, acknowledge_incident, least=Role.OPERATOR, status=HTTPStatus.ACCEPTED),
    Operation(
        "DELETE", _ACKNOWLEDGEMENT, withdraw_acknowledgement, least=Role.OPERATOR, status=HTTPStatus.ACCEPTED
    ),
    Operation("GET", "/downtimes", list_downtimes),
    Operation("POST", "/downtimes", plan_downtime, least=Role.OPERATOR, status=HTTPStatus.CREATED),
    Operation("GET", "/downtimes/{downtime}", get_downtime),
    Operation("DELETE", "/downtimes/{downtime}", cancel_downtime, least=Role.OPERATOR),
    Operation("GET", CALENDAR, get_maintenance_calendar, media="text/calendar"),
    Operation("GET", "/decisions", list_decisions),
    Operation("POST", "/decisions", decide, least=Role.OPERATOR, status=HTTPStatus.CREATED),
    Operation("GET", "/decisions/{decision}", get_decision),
    Operation("GET", "/projects", list_projects),
    Operation("GET", "/availability", get_availability),
    Operation("GET", "/contracts/{contract}/availability", get_contract_availability),
    Operation("GET", "/events", stream_events, media="text/event-stream"),
)


class _ApiRoute(GuardedRoute):
    """A route that, for a wrong method, names all methods of its path."""

    def __init__(self, route: GuardedRoute, allowed: str) -> None:
        super().__init__(route.path, route.endpoint, route.rule, name=route.name)
        self._allowed = allowed

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.methods and scope["method"] not in self.methods:
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": self._allowed})
        await super().handle(scope, receive, send)


def routes(sources: Sources) -> list[GuardedRoute]:
    """Return the routes of the API."""
    shared = Shared(sources)
    allowed: dict[str, set[str]] = {}
    for each in OPERATIONS:
        allowed.setdefault(each.path, set()).update(
            {each.method, "HEAD"} if each.method == "GET" else {each.method}
        )
    encoded = msgspec.json.encode(openapi())

    async def openapi_document(_request: Request) -> Response:
        return Response(encoded, media_type="application/json", headers={"Cache-Control": "private, no-cache"})

    made = [
        guarded(
            PREFIX + each.path,
            each.endpoint(shared),
            each.least,
            methods=(each.method,),
            name=each.name,
            picture=each.picture,
        )
        for each in OPERATIONS
    ]
    return [
        *(
            _ApiRoute(route, ", ".join(sorted(allowed[each.path])))
            for route, each in zip(made, OPERATIONS, strict=True)
        ),
        guarded(f"{PREFIX}/openapi.json", openapi_document, Role.VIEWER, name="openapi"),
    ]


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document of all operations."""
    return document(OPERATIONS, PREFIX, EVENTS)
