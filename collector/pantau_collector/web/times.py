"""Times and durations as the wall shows them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pantau_contract.words import Words


class Times:
    """Formats times in one zone and language, relative to `now_ms` (UTC epoch milliseconds)."""

    def __init__(self, words: Words, zone: ZoneInfo, now_ms: int) -> None:
        self._words = words
        self._zone = zone
        self._today = self._local(now_ms).date()

    def clock(self, time_ms: int) -> str:
        """Return a time as `14:32`, with the day before it unless that is today: `23/11 14:32`."""
        local = self._local(time_ms)
        return local.strftime("%H:%M" if local.date() == self._today else "%d/%m %H:%M")

    def date_and_clock(self, time_ms: int) -> str:
        """Return a time with its date and zone, as `2026-11-23 14:32 WIB`."""
        return f"{self._local(time_ms):%Y-%m-%d %H:%M %Z}"

    def short(self, time_ms: int, span_ms: int) -> str:
        """Return a time as a tick of an axis: `14:00` on one of up to two days, else `23/11`."""
        return self._local(time_ms).strftime("%H:%M" if span_ms <= 2 * 86_400_000 else "%d/%m")

    def day(self, time_ms: int) -> str:
        """Return a day as `2026-11-23`."""
        return self._local(time_ms).strftime("%Y-%m-%d")

    def _local(self, time_ms: int) -> datetime:
        return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(self._zone)


def duration(seconds: float, words: Words) -> str:
    """Return a duration as `45 s`, `12 min`, `3 h 5 min` or `2 d 4 h`; the page's script has the same rule."""
    s = max(int(seconds), 0)
    if s < 60:
        parts = [(s, "second")]
    elif s < 3600:
        parts = [(s // 60, "minute")]
    elif s < 86400:
        parts = [(s // 3600, "hour"), (s % 3600 // 60, "minute")]
    else:
        parts = [(s // 86400, "day"), (s % 86400 // 3600, "hour")]
    return " ".join(f"{n} {words(f'wall.unit.{unit}')}" for n, unit in parts)
