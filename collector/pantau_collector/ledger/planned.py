"""Planned maintenance as spans of time, also of the past."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from pantau_collector.incidents.downtime import Downtime, DowntimeError, occurrence
from pantau_collector.ledger.spans import Span, union

_MAX_OCCURRENCES = 10_000
"""Occurrences of one downtime that are looked at in a period: one an hour for a year."""


def planned_spans(downtimes: Iterable[Downtime], period: Span) -> list[Span]:
    """Return when any of the downtimes takes place in a period. One that cannot be read takes place never.

    A downtime counts from when it was planned on, and until it was cancelled: nothing is planned for the past.
    """
    return union(span for downtime in downtimes for span in _occurrences(downtime, period))


def _occurrences(downtime: Downtime, period: Span) -> Iterator[Span]:
    first_ms = max(period.from_ms, downtime.created_ms)
    last_ms = period.to_ms if downtime.cancelled_ms is None else min(period.to_ms, downtime.cancelled_ms)
    uncancelled = replace(downtime, cancelled_ms=None)
    at_ms = first_ms
    for _ in range(_MAX_OCCURRENCES):
        try:
            found = occurrence(uncancelled, at_ms)
        except DowntimeError:
            return
        if found is None or found.start_ms >= last_ms:
            return
        yield Span(max(found.start_ms, first_ms), min(found.end_ms, last_ms))
        at_ms = found.end_ms
