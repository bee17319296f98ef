"""The values of a report's tables: what people read in a cell."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from pantau_collector.ledger import Bucket
from pantau_collector.reports.document import Figures, Milliseconds, Rate, Repairs, Told
from pantau_contract.words import Words

Cell = str | int | Decimal | datetime | None
"""A time is in the report's zone, and says no zone. A `Decimal` has the digits that are shown."""

_MINUTE_MS = 60_000
_CENT = Decimal("0.01")


class Cells:
    """Makes the cells of one report, in a language and a time zone."""

    def __init__(self, words: Words, timezone: str) -> None:
        self.words = words
        self._zone = ZoneInfo(timezone)

    def column(self, name: str) -> str:
        """Return the heading of a column."""
        return self.words(f"report.column.{name}")

    def value(self, name: str) -> str:
        """Return a value that is one of a few; an empty one stays empty."""
        return self.words(f"report.value.{name}") if name else ""

    def yes_no(self, value: bool | None) -> str:
        """Return yes or no, and nothing for None."""
        return "" if value is None else self.value("yes" if value else "no")

    def bucket(self, bucket: Bucket | None) -> str:
        """Return the name of a bucket."""
        return "" if bucket is None else self.words(f"ledger.bucket.{bucket}")

    def evidence(self, evidence: str, device: str) -> str:
        """Return what a bucket was decided by."""
        return self.words(f"ledger.evidence.{evidence}", device=device)

    def cause(self, cause: str | None) -> str:
        """Return what a cause means."""
        return "" if cause is None else self.words.meaning(cause)

    def time(self, ms: int | None) -> datetime | None:
        """Return a moment in the report's zone, to the second."""
        if ms is None:
            return None
        return datetime.fromtimestamp(ms // 1000, UTC).astimezone(self._zone).replace(tzinfo=None)

    def told(self, told: Iterable[Told]) -> str:
        """Return who was told by which channel and when."""
        return ", ".join(
            f"{each.recipient} ({each.channel} {self.time(each.at_ms):%d.%m. %H:%M})" for each in told
        )

    def by_bucket(self, ms: Milliseconds) -> str:
        """Return minutes by bucket in one cell."""
        return ", ".join(f"{self.bucket(bucket)} {minutes(each)}" for bucket, each in ms.items())


def minutes(ms: int | None) -> Decimal | None:
    """Return milliseconds as minutes with two digits."""
    if ms is None:
        return None
    return (Decimal(ms) / _MINUTE_MS).quantize(_CENT, ROUND_HALF_UP)


def figures(value: Figures, buckets: Iterable[Bucket]) -> tuple[Cell, ...]:
    """Return rates in percent, and minutes by bucket."""
    rates = tuple(percent(each) for each in (value.online, value.intact, value.measured))
    return (*rates, *(minutes(value.ms.get(bucket, 0)) for bucket in buckets), minutes(value.well_at_site_ms))


def percent(rate: Rate) -> Decimal | None:
    """Return a rate in percent, with three digits."""
    return rate.percent(3)


def repairs(value: Repairs) -> tuple[Cell, ...]:
    """Return how outages were dealt with."""
    return value.outages, value.repeats, minutes(value.mtta_ms), minutes(value.mttr_ms)
