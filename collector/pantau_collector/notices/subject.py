"""The subject of a message. The tag comes first, then the place, so that a mailbox sorts by both."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from pantau_collector.notices.letter import Form, Letter
from pantau_collector.notices.notice import Notice, NoticeKind
from pantau_collector.notices.time_format import date_and_time, duration
from pantau_contract.words import Words

_MAX_PLACES = 3
"""Places that a subject names; further ones are counted."""


def subject_of(letter: Letter, words: Words, zone: ZoneInfo) -> str:
    """Return the subject of a letter."""
    if letter.form is Form.SINGLE:
        (notice,) = letter.notices
        tag = words(f"notice.tag.{notice.kind}")
        return words("notice.subject", tag=tag, where=notice.place, what=_content(notice, words, zone))
    if letter.form is Form.GROUP:
        tag = words(f"notice.tag.{letter.kind}")
        places = _list_places(sorted({notice.place for notice in letter.notices}), words)
        return words("notice.subject_group", tag=tag, count=len(letter.notices), places=places)
    last = [notice for notice in latest_notices(letter.notices) if notice.incident]
    over = sum(notice.kind is NoticeKind.RESOLVED for notice in last)
    return words("notice.subject_digest", tag=words("notice.tag.digest"), open=len(last) - over, over=over)


def latest_notices(notices: Iterable[Notice]) -> list[Notice]:
    """Return the last notice of each incident, in the order of the first ones."""
    found: dict[tuple[int, str, int], Notice] = {}
    for notice in notices:
        found[(notice.incident, "", 0) if notice.incident else (0, notice.place, notice.since_ms)] = notice
    return list(found.values())


def short_cause(notice: Notice, words: Words) -> str:
    """Return the cause as it stands in a subject: `gambar diam membeku`."""
    text = _lower(words.meaning(notice.cause))
    if notice.camera is None and notice.cameras:
        text += f" ({words('count.cameras', count=len(notice.cameras))})"
    return text


def outage_duration(notice: Notice, words: Words) -> str:
    """Return how long an outage lasted, in words."""
    return duration((notice.resolved_ms or notice.since_ms) - notice.since_ms, words)


def unacknowledged_duration(notice: Notice, words: Words) -> str:
    """Return how long nobody has acknowledged an outage, in words."""
    return duration(int(notice.waited_min * 60_000), words)


_PHRASES = {
    NoticeKind.ACKNOWLEDGED: "notice.subject_taken",
    NoticeKind.UNACKNOWLEDGED: "notice.subject_left",
    NoticeKind.ESCALATED: "notice.subject_waited",
    NoticeKind.FLAPPING: "notice.subject_flapping",
}
"""The phrase for the content of a subject, by kind of notice."""


def _content(notice: Notice, words: Words, zone: ZoneInfo) -> str:
    if notice.kind is NoticeKind.MAINTENANCE:
        return words("notice.subject_maintenance", start=date_and_time(notice.since_ms, zone, words))
    if notice.kind is NoticeKind.RESOLVED:
        return f"{_lower(words.meaning(notice.cause))} ({outage_duration(notice, words)})"
    if notice.kind is NoticeKind.OPENED:
        return short_cause(notice, words)
    return words(
        _PHRASES[notice.kind],
        by=notice.by,
        waited=unacknowledged_duration(notice, words),
        what=short_cause(notice, words),
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _list_places(places: list[str], words: Words) -> str:
    shown = places[:_MAX_PLACES]
    if len(places) > _MAX_PLACES:
        shown.append(words("notice.more_places", count=len(places) - _MAX_PLACES))
    return ", ".join(shown)
