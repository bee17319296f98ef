"""Parses times and time spans typed at the command line, and formats times for people."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from pantau_collector.commands.opening import fail
from pantau_collector.config import CollectorConfig

_SPAN = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SECONDS = (604_800, 86_400, 3600, 60, 1)
"""Seconds of each unit of `_SPAN`: week, day, hour, minute, second."""

_HOUR = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")
_LONGEST_S = 400 * 86_400
"""Seconds of the longest time span accepted."""

ZoneOption = Annotated[
    str | None, typer.Option("--timezone", help="Of the times; otherwise the first recipient's.")
]


def local_zone(config: CollectorConfig, name: str | None) -> ZoneInfo:
    """Return the time zone that `name` gives, or else the first recipient's; an unknown one ends the command."""
    if not name:
        return config.zone
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        fail(f"--timezone: expected one such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura, got {name!r}")


def seconds(option: str, text: str) -> int:
    """Return the seconds of a span such as `90m`, `2h`, `1d12h` or `2w`; an invalid one ends the command."""
    found = _SPAN.fullmatch(text.replace(" ", "").lower())
    total = sum(int(part or 0) * each for part, each in zip(found.groups(), _SECONDS, strict=True)) if found else 0
    if not 0 < total <= _LONGEST_S:
        fail(f"{option}: expected a time span such as 90m, 2h, 1d12h or 2w, got {text!r}")
    return total


def moment_ms(option: str, text: str, zone: ZoneInfo, now_ms: int, *, past: bool = False) -> int:
    """Return a moment in UTC epoch milliseconds; an invalid one ends the command.

    The text may be `2026-11-30 22:00` in the zone, the same with an offset, `22:00`, `now`, or a span: `7d`.
    A time of day means the next one, or with `past` the last one; a span counts from now, forwards or back.
    """
    now = datetime.fromtimestamp(now_ms / 1000, zone)
    if text.strip().lower() == "now":
        return now_ms
    if hour := _HOUR.fullmatch(text.strip()):
        at = datetime.combine(now.date(), time(int(hour[1]), int(hour[2])), zone)
        if past and at > now:
            at -= timedelta(days=1)
        elif not past and at <= now:
            at += timedelta(days=1)
        return _ms(at)
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        found = _SPAN.fullmatch(text.replace(" ", "").lower().lstrip("+"))
        if not found or not any(found.groups()):
            fail(f"{option}: expected a time such as '2026-11-30 22:00', 22:00 or 2h, got {text!r}")
        span_ms = 1000 * seconds(option, text.lstrip("+"))
        return now_ms - span_ms if past else now_ms + span_ms
    return _ms(at if at.tzinfo else at.replace(tzinfo=zone))


def shown(time_ms: int | None, zone: ZoneInfo) -> str:
    """Return a time with the zone's name, as `2026-11-30 22:00 WIB`; empty for None."""
    return f"{datetime.fromtimestamp(time_ms / 1000, zone):%Y-%m-%d %H:%M %Z}" if time_ms is not None else ""


def iso(time_ms: int | None) -> str | None:
    """Return a time in UTC and ISO 8601, for programs; None for None."""
    return (
        datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds") if time_ms is not None else None
    )


def lasted(ms: int) -> str:
    """Return a length of time as `3d 04:05:06`, with milliseconds if it is shorter than a minute."""
    if 0 < ms < 60_000:
        return f"{ms / 1000:.3f} s"
    days, rest = divmod(ms // 1000, 86_400)
    hours, minutes, seconds = rest // 3600, rest // 60 % 60, rest % 60
    return f"{f'{days}d ' if days else ''}{hours:02}:{minutes:02}:{seconds:02}"


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
