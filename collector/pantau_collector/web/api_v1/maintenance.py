"""The calendar of planned maintenance."""

from msgspec import Struct

from pantau_collector.incidents.downtime import Downtime, DowntimeError, Scope, occurrence
from pantau_collector.inventory import Inventory
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.calendar_feed import calendar
from pantau_collector.web.api_v1.downtimes import load_planned
from pantau_contract.words import Language

_KEPT_MS = 31 * 86_400_000
"""Milliseconds for which maintenance that is over stays in the calendar."""


class CalendarQuery(Struct, frozen=True):
    """In which language the events are called."""

    lang: Language | None = None


def get_maintenance_calendar(asked: Asked, query: CalendarQuery) -> bytes:
    """Return planned maintenance as an iCalendar file, to which a calendar subscribes.

    Calendars that cannot send a token in a header send it as the password of HTTP Basic, with any name.
    """
    words, inventory = asked.words(query.lang), asked.inventory
    city = asked.sources.city_name
    planned = [each for each in load_planned(asked, upcoming=False) if _is_recent(each, asked.now_ms - _KEPT_MS)]
    return calendar(
        planned,
        name=words("calendar.name", city=city) if city else words("calendar.name_alone"),
        installation=asked.sources.store.installation,
        title=lambda each: words("calendar.event", target=target_name(each, inventory)),
    )


def target_name(downtime: Downtime, inventory: Inventory) -> str:
    """Return what people call what is maintained."""
    site, _, part = downtime.target.partition("/")
    place = inventory.site(site).name or site
    match downtime.scope:
        case Scope.CAMERA:
            return f"{place} / {inventory.camera(site, part).name or part}"
        case Scope.DEVICE:
            return f"{place} / {inventory.device_name(site, part)}"
        case Scope.SITE:
            return place
        case Scope.UPLINK:
            return inventory.uplink_name(downtime.target)
        case Scope.OWNER:
            return inventory.owner_name(downtime.target)
        case Scope.PROJECT:
            return downtime.target


def _is_recent(downtime: Downtime, since_ms: int) -> bool:
    """Return True if any occurrence ends after a moment."""
    try:
        return occurrence(downtime, since_ms) is not None
    except DowntimeError:
        return False
