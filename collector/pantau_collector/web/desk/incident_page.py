"""`/incidents` and `/incidents/{number}`: the list of incidents, and all about one."""

from functools import partial

from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.role import Role
from pantau_collector.attribution import load_decisions
from pantau_collector.attribution.decision import Decision
from pantau_collector.fleet.view import CityView, IncidentView
from pantau_collector.pipeline.incident_views import view_incident
from pantau_collector.store import incident_rows, note_rows, outbox_search
from pantau_collector.store.incident_rows import TimelineStep
from pantau_collector.store.note_rows import Note
from pantau_collector.store.outbox_search import Sending
from pantau_collector.web.desk.filter import Filter, FilteredViews, choices, read_filter
from pantau_collector.web.desk.incident_board import find_incident, incident_board, restricted
from pantau_collector.web.desk.incident_list import PastIncidents, open_board, past_cards, read_past
from pantau_collector.web.desk.live_page import LivePages
from pantau_collector.web.desk.phrases import incident_phrases
from pantau_collector.web.desk.requests import QueryError, bad_request, is_stream, not_found, read_number
from pantau_collector.web.guard import GuardedRoute, city_of, guarded, principal_of
from pantau_collector.web.layout import language_of
from pantau_collector.web.sources import Sources
from pantau_contract.words import words


class IncidentRecord(Struct, frozen=True):
    """What the store knows of an incident: its steps, who was notified of it, what was decided and noted."""

    steps: tuple[TimelineStep, ...]
    sent: tuple[Sending, ...]
    held: tuple[tuple[str, str, int], ...]
    decisions: tuple[Decision, ...]
    notes: tuple[Note, ...]


class IncidentPages:
    """Serves the list and the pages of incidents."""

    def __init__(self, live: LivePages, sources: Sources) -> None:
        self._live = live
        self._sources = sources

    def routes(self) -> list[GuardedRoute]:
        """Return their routes."""
        return [
            guarded("/incidents", self.list, Role.VIEWER, name="incidents"),
            guarded("/incidents/{number:int}", self.page, Role.VIEWER, name="incident"),
        ]

    async def list(self, request: Request) -> Response:
        """Serve `/incidents`: what is open, and what is over, a page at a time."""
        try:
            wanted, before = read_filter(request.query_params), read_number(request, "before")
        except QueryError as error:
            return bad_request(error)
        city = FilteredViews(lambda: city_of(request), wanted)()
        past = PastIncidents((), None)
        if not is_stream(request):
            everything = wanted.is_empty and principal_of(request).scope.whole_city
            past = await run_in_threadpool(self._past, None if everything else city, wanted, before)
        return await self._live.answer(
            request,
            "incidents.html",
            "incidents_board.html",
            open_board,
            key=wanted,
            narrowed=partial(FilteredViews, filter_=wanted),
            more=lambda: {
                "filter": wanted,
                "choices": choices(city_of(request)),
                "past": past_cards(city, past.incidents, words(language_of(request)), self._live.times(request)),
                "older": past.older,
                "before": before,
            },
        )

    async def page(self, request: Request) -> Response:
        """Serve `/incidents/{number}`; one beyond the principal's part of the city is not found."""
        number, city = request.path_params["number"], city_of(request)
        incident = find_incident(city, number)
        if incident is None:
            past = await run_in_threadpool(self._find, number)
            within = None if principal_of(request).scope.whole_city else city
            incident = restricted(past, within) if past is not None else None
        if incident is None:
            return not_found("there is no such incident")
        record = None if is_stream(request) else await run_in_threadpool(self._record, number)
        found = incident
        return await self._live.answer(
            request,
            "incident.html",
            "incident_board.html",
            partial(incident_board, incident=found),
            more=lambda: {
                "incident": found,
                "record": record,
                "all_names": principal_of(request).scope.whole_city,
                "times": self._live.times(request),
                **incident_phrases(words(language_of(request)), self._sources.config.people),
            },
        )

    def _past(self, city: CityView | None, wanted: Filter, before: int | None) -> PastIncidents:
        return read_past(self._sources.store, self._sources.inventory(), city, wanted, before)

    def _find(self, number: int) -> IncidentView | None:
        with self._sources.store.begin() as connection:
            found = incident_rows.load_incident(connection, number)
        return None if found is None else view_incident(found, self._sources.inventory())

    def _record(self, number: int) -> IncidentRecord:
        with self._sources.store.begin() as connection:
            return IncidentRecord(
                steps=tuple(incident_rows.load_timeline(connection, number)),
                sent=tuple(outbox_search.sendings_of(connection, number)),
                held=tuple(outbox_search.held_of(connection, number)),
                decisions=tuple(each for each in load_decisions(connection) if each.incident == number),
                notes=tuple(note_rows.load_notes_of_incident(connection, number)),
            )
