"""Which closed months a decision touches: there it appears as a correction."""

from sqlalchemy import Connection

from pantau_collector.ledger.spans import Span
from pantau_collector.settlement import Month
from pantau_collector.store import closed_rows


def load_closed_months(connection: Connection) -> dict[str, Span]:
    """Load the months that have been closed, each with its time in the zone in which it was closed."""
    return {
        each.month: Month.parse(each.month).span(each.timezone)
        for each in closed_rows.load_every_closed(connection)
    }
