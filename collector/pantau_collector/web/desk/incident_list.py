"""Incidents in lists: those that are open, and those that are over, a page at a time."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from pantau_collector.fleet.view import CityView, IncidentView
from pantau_collector.inventory import Inventory
from pantau_collector.pipeline.incident_views import view_incident
from pantau_collector.store import Store, incident_rows
from pantau_collector.web.desk.filter import Filter
from pantau_collector.web.desk.incident_board import restricted
from pantau_collector.web.incident_cards import build_card, urgency
from pantau_collector.web.times import Times
from pantau_collector.web.wall import IncidentCard
from pantau_contract.words import Words

PER_PAGE = 50
"""Incidents that are over on one page."""
_AT_ONCE = 200
_MOST_READ = 4_000
"""Incidents that are read for one page at most: a department's may lie far apart."""


class PastIncidents(Struct, frozen=True):
    """Incidents that are over, the latest first; `older` is where the next page begins, None after the last."""

    incidents: tuple[IncidentView, ...]
    older: int | None


def read_past(
    store: Store, inventory: Inventory, city: CityView | None, wanted: Filter, before: int | None
) -> PastIncidents:
    """Return a page of what is over within a part of the city and a filter.

    Args:
        store: the collector's state.
        inventory: names devices and uplinks.
        city: the part of the city, already filtered; None for everything.
        wanted: the filter; of an incident, its cause counts too.
        before: the number that all incidents of the page are below, or None for the first page.

    Raises:
        StoreError: the store cannot be read.
    """
    shown: list[IncidentView] = []
    for _ in range(_MOST_READ // _AT_ONCE):
        with store.begin() as connection:
            found = incident_rows.load_before(connection, before, _AT_ONCE, is_open=False)
        for each in found:
            before = each.id
            if wanted.cause and each.cause not in wanted.cause:
                continue
            seen = restricted(view_incident(each, inventory), city)
            if seen is not None:
                shown.append(seen)
                if len(shown) == PER_PAGE:
                    return PastIncidents(tuple(shown), before)
        if len(found) < _AT_ONCE:
            return PastIncidents(tuple(shown), None)
    return PastIncidents(tuple(shown), before)


def within(incidents: Iterable[IncidentView], city: CityView) -> list[IncidentView]:
    """Return what incidents say of a part of the city; those that affect nothing of it are left out."""
    return [seen for each in incidents if (seen := restricted(each, city)) is not None]


def past_cards(
    city: CityView, incidents: Iterable[IncidentView], words: Words, times: Times
) -> tuple[IncidentCard, ...]:
    """Return the cards of those incidents that are over; they must be within the part of the city."""
    sites = {each.id: each for each in city.sites}
    return tuple(
        build_card(each, sites, words, times, pictures=False) for each in incidents if each.resolved_ms is not None
    )


def open_board(city: CityView, words: Words, times: Times) -> Mapping[str, object]:
    """Return what the template `incidents_board.html` shows: what is open, the most urgent first."""
    sites = {each.id: each for each in city.sites}
    cards = [build_card(each, sites, words, times) for each in city.incidents if each.resolved_ms is None]
    return {"cards": sorted(cards, key=urgency)}
