"""The API: what the wall shows, as JSON for programs. Times are UTC epoch milliseconds."""

from collections.abc import Callable

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.fleet.view import CityView, IncidentView
from pantau_collector.health import Health, Trouble
from pantau_collector.web.access import Access
from pantau_collector.web.camera_phrases import cause_phrase
from pantau_collector.web.gate import caller_of
from pantau_collector.web.public_view import PublicView
from pantau_contract.words import LANGUAGES, Words, words


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
    """Serves `/api/city`: the whole view of the city, without details for those who have not signed in.

    The latest answers are kept, so that many programs cost as much as one.
    """

    def __init__(self, view: Callable[[], CityView]) -> None:
        self._view = view
        self._public_view = PublicView(view)
        self._encoded: dict[bool, tuple[CityView, bytes]] = {}

    async def answer(self, request: Request) -> Response:
        """Serve the view."""
        details = caller_of(request).access is Access.SIGNED_IN
        view = self._view() if details else self._public_view()
        known, encoded = self._encoded.get(details, (None, b""))
        if known is not view:
            encoded = msgspec.json.encode(view)
            self._encoded[details] = view, encoded
        return _encoded(encoded)


async def incidents(request: Request) -> Response:
    """Serve `/api/incidents`: open and recently resolved ones, newest first, in the language of `?lang=`."""
    view: CityView = request.app.state.view()
    requested = request.query_params.get("lang")
    phrases = words(next((each for each in LANGUAGES if each == requested), request.app.state.language))
    newest_first = sorted(view.incidents, key=lambda each: (each.opened_ms, each.id), reverse=True)
    return _json([_described(each, phrases) for each in newest_first])


async def healthz(request: Request) -> Response:
    """Serve `/healthz`: 200 while all is well, else 503 with the reasons; to strangers without them."""
    health: Health = request.app.state.health()
    if caller_of(request).access is Access.STRANGER:
        return _json({"ok": health.ok}, 200 if health.ok else 503)
    age_s = (request.app.state.clock_ms() - request.app.state.view().time_ms) / 1000
    answer = HealthAnswer(health.ok, health.attentive, round(age_s, 1), health.troubles)
    return _json(answer, 200 if health.ok else 503)


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
