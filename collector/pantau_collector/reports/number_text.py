"""Numbers, money and times as people write them: `Rp 1.234.567` and `99,87 %` in Indonesian."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from pantau_collector.notices.time_format import duration
from pantau_contract.words import Words

NOTHING = "–"
"""What stands where there is no number."""
_SWAPPED = str.maketrans(",.", ".,")


class NumberText:
    """Writes numbers in one language, and times in one zone as well."""

    def __init__(self, words: Words, zone: ZoneInfo) -> None:
        self._words = words
        self._zone = zone
        self._months = words("notice.months").split()
        self._clock = words("notice.clock")
        self._is_indonesian = words.language == "id"

    def number(self, value: Decimal | float, places: int = 0) -> str:
        """Return a number with separators: `1.234,5`."""
        exact = Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        text = f"{exact:,f}"
        return text.translate(_SWAPPED) if self._is_indonesian else text

    def percent(self, value: Decimal | None, places: int | None = None) -> str:
        """Return percent with the digits that the value has, or with `places` of them: `99,87 %`."""
        if value is None:
            return NOTHING
        digits = -int(value.as_tuple().exponent) if places is None else places
        return self.number(value, max(0, digits)) + (" %" if self._is_indonesian else "%")

    def rupiah(self, value: Decimal | None) -> str:
        """Return an amount in rupiah, with cents only if it has any: `Rp 1.234.567`."""
        if value is None:
            return NOTHING
        places = 0 if value == value.to_integral_value() else 2
        return f"{'-' if value < 0 else ''}Rp {self.number(abs(value), places)}"

    def minutes(self, ms: int) -> str:
        """Return milliseconds as minutes with one digit after the point."""
        return self.number(Decimal(ms) / 60_000, 1)

    def length(self, ms: int | None) -> str:
        """Return a length of time in its two largest units: `2 jam 5 menit`."""
        return NOTHING if ms is None else duration(ms, self._words)

    def time(self, ms: int | None) -> str:
        """Return a time to the minute: `3 Okt 2026 14.05`."""
        if ms is None:
            return NOTHING
        local = self._local(ms)
        return f"{self.day(local.date())} {local.strftime(self._clock)}"

    def second(self, ms: int) -> str:
        """Return a time to the second, with its zone: `3 Okt 2026 14.05.09 WIB`."""
        local = self._local(ms)
        clock = local.strftime(self._clock + (".%S" if self._is_indonesian else ":%S"))
        return f"{self.day(local.date())} {clock} {local.tzname() or ''}".rstrip()

    def day(self, day: date) -> str:
        """Return a day: `3 Okt 2026`."""
        return f"{day.day} {self._months[day.month - 1][:3]} {day.year}"

    def month(self, month: str) -> str:
        """Return a month, given as `2026-10`: `Oktober 2026`."""
        year, number = month.split("-")
        return f"{self._months[int(number) - 1]} {year}"

    def _local(self, ms: int) -> datetime:
        return datetime.fromtimestamp(ms / 1000, UTC).astimezone(self._zone)
