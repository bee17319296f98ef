"""Which time a decision about an incident may be about."""

from datetime import datetime, tzinfo

from pantau_collector.attribution.decision import DecisionError, Wish
from pantau_collector.incidents.incident import Incident
from pantau_collector.ledger.spans import Span

AROUND_MS = 120_000
"""Milliseconds before and after an incident that belong to it, as far as they were lost.

An incident begins with what was last heard, and ends when the collector is sure; the ledger knows it more exactly.
"""


def period_of(wish: Wish, incident: Incident, now_ms: int, zone: tzinfo) -> tuple[int, int | None]:
    """Return from when to when (UTC ms) a decision is, to None if until the incident ends.

    Raises:
        DecisionError: the period does not lie within the incident, or is empty.
    """
    end_ms = now_ms if incident.resolved_ms is None else incident.resolved_ms + AROUND_MS
    whole = Span(incident.since_ms - AROUND_MS, end_ms)
    from_ms = whole.from_ms if wish.from_ms is None else wish.from_ms
    to_ms = whole.to_ms if wish.to_ms is None else wish.to_ms
    if from_ms >= to_ms:
        raise DecisionError("from: expected a time before the end of the period")
    for name, time_ms in (("from", from_ms), ("to", to_ms)):
        if not whole.from_ms <= time_ms <= whole.to_ms:
            raise DecisionError(
                f"{name}: expected a time within incident {incident.id}, which lasted from"
                f" {_shown(incident.since_ms, zone)} to {_shown(incident.resolved_ms, zone)}; got"
                f" {_shown(time_ms, zone)}"
            )
    is_until_it_ends = incident.resolved_ms is None and wish.to_ms is None
    return from_ms, None if is_until_it_ends else to_ms


def _shown(time_ms: int | None, zone: tzinfo) -> str:
    return "now" if time_ms is None else f"{datetime.fromtimestamp(time_ms / 1000, zone):%Y-%m-%d %H:%M:%S %Z}"
