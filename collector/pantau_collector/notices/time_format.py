"""Times and durations in the recipient's words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pantau_contract.words import Words

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
"""Units of a duration with their seconds, the largest first."""


def date_and_time(time_ms: int, zone: ZoneInfo, words: Words) -> str:
    """Format a time (UTC ms) in a zone, with the zone's own name: `24 November 2026 pukul 15.04 WIB`."""
    local = datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(zone)
    return words(
        "notice.when",
        day=local.day,
        month=words("notice.months").split()[local.month - 1],
        year=local.year,
        time=local.strftime(words("notice.clock")),
        zone=local.tzname() or "",
    )


def duration(ms: int, words: Words) -> str:
    """Format milliseconds in the two largest units: `2 jam 5 menit`."""
    rest = max(0, ms // 1000)
    parts: list[str] = []
    for unit, size in _UNITS:
        number, rest = divmod(rest, size)
        if number or (unit == "second" and not parts):
            parts.append(words(f"notice.unit.{unit}", n=number))
        elif parts:
            break
    return " ".join(parts[:2])
