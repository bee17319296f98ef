"""The same facts for programs, as JSON; times are UTC epoch milliseconds."""

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.fleet.view import CityView, IncidentView
from pantau_collector.health import Health, Trouble
from pantau_collector.web.wall import phrase
from pantau_contract.words import LANGUAGES, Words, words


class ToldIncident(IncidentView, frozen=True):
    """An incident, and its cause in people's words."""

    meaning: str = ""
    remedy: str = ""


class HealthAnswer(Struct, frozen=True):
    """What `/healthz` says."""

    ok: bool
    attentive: bool
    view_age_s: float
    reasons: tuple[Trouble, ...]


async def city(request: Request) -> Response:
    """`/api/city`: the city's view, whole."""
    return _json(request.app.state.view())


async def incidents(request: Request) -> Response:
    """`/api/incidents`: the open ones and the latest resolved, newest first, told in the language of `?lang=`."""
    view: CityView = request.app.state.view()
    asked = request.query_params.get("lang")
    phrases = words(next((each for each in LANGUAGES if each == asked), request.app.state.language))
    newest_first = sorted(view.incidents, key=lambda each: (each.opened_ms, each.id), reverse=True)
    return _json([_told(each, phrases) for each in newest_first])


async def healthz(request: Request) -> Response:
    """`/healthz`: 200 while all is well, else 503, with the reasons."""
    health: Health = request.app.state.health()
    age_s = (request.app.state.clock_ms() - request.app.state.view().time_ms) / 1000
    answer = HealthAnswer(health.ok, health.attentive, round(age_s, 1), health.troubles)
    return _json(answer, 200 if health.ok else 503)


def _told(incident: IncidentView, phrases: Words) -> ToldIncident:
    return ToldIncident(
        **msgspec.structs.asdict(incident),
        meaning=phrase(phrases.meaning, incident.cause),
        remedy=phrase(phrases.remedy, incident.cause),
    )


def _json(answer: object, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(answer), status, media_type="application/json", headers={"Cache-Control": "no-store"}
    )
