"""The API: what the wall shows, as JSON for programs. Times are UTC epoch milliseconds."""

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.scope import Scope
from pantau_collector.fleet.view import CityView, IncidentView
from pantau_collector.health import Health, Trouble
from pantau_collector.web.camera_phrases import cause_phrase
from pantau_collector.web.guard import city_of, find_principal, principal_of
from pantau_contract.words import LANGUAGES, Words, words

_MAX_KEPT = 64
"""Scopes whose answer is kept at most."""


class DescribedIncident(IncidentView, frozen=True):
    """An incident with the meaning and remedy of its cause."""

    meaning: str = ""
    remedy: str = ""


class HealthAnswer(Struct, frozen=True):
    """The answer of `/healthz`."""

    ok: bool
    attentive: bool
    view_age_s: float
    reasons: tuple[Trouble, ...]


class CityApi:
    """Serves `/api/city`: the whole view of the city within the scope of who asks.

    The latest answers are kept, so that many programs cost as much as one.
    """

    def __init__(self) -> None:
        self._encoded: dict[Scope, tuple[CityView, bytes]] = {}

    async def answer(self, request: Request) -> Response:
        """Serve the view."""
        view, scope = city_of(request), principal_of(request).scope
        known, encoded = self._encoded.pop(scope, (None, b""))
        if known is not view:
            encoded = msgspec.json.encode(view)
        self._encoded[scope] = view, encoded
        if len(self._encoded) > _MAX_KEPT:
            del self._encoded[next(iter(self._encoded))]
        return _encoded(encoded)


async def incidents(request: Request) -> Response:
    """Serve `/api/incidents`: open and recently resolved ones, newest first, in the language of `?lang=`."""
    view = city_of(request)
    requested = request.query_params.get("lang")
    phrases = words(next((each for each in LANGUAGES if each == requested), request.app.state.language))
    newest_first = sorted(view.incidents, key=lambda each: (each.opened_ms, each.id), reverse=True)
    return _json([_described(each, phrases) for each in newest_first])


async def healthz(request: Request) -> Response:
    """Serve `/healthz`: 200 while all is well, else 503; the reasons are for those who may see the whole city."""
    health: Health = request.app.state.health()
    status = 200 if health.ok else 503
    principal = find_principal(request)
    if principal is None or not principal.scope.whole_city:
        return _json({"ok": health.ok}, status)
    age_s = (request.app.state.clock_ms() - request.app.state.view().time_ms) / 1000
    return _json(HealthAnswer(health.ok, health.attentive, round(age_s, 1), health.troubles), status)


def _described(incident: IncidentView, phrases: Words) -> DescribedIncident:
    return DescribedIncident(
        **msgspec.structs.asdict(incident),
        meaning=cause_phrase(phrases.meaning, incident.cause),
        remedy=cause_phrase(phrases.remedy, incident.cause),
    )


def _json(answer: object, status: int = 200) -> Response:
    return _encoded(msgspec.json.encode(answer), status)


def _encoded(answer: bytes, status: int = 200) -> Response:
    return Response(answer, status, media_type="application/json", headers={"Cache-Control": "no-store"})
