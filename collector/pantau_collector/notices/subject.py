"""A message's subject. The tag comes first, then the place: a mailbox sorted by subject is sorted by both."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from pantau_collector.notices.notice import Form, Letter, Notice, NoticeKind
from pantau_collector.notices.phrases import date_and_time, duration
from pantau_contract.words import Words

_PLACES = 3


def subject_of(letter: Letter, words: Words, zone: ZoneInfo) -> str:
    """The subject of a letter."""
    if letter.form is Form.SINGLE:
        (notice,) = letter.notices
        tag = words(f"notice.tag.{notice.kind}")
        return words("notice.subject", tag=tag, where=notice.place, what=_what(notice, words, zone))
    if letter.form is Form.GROUP:
        tag = words(f"notice.tag.{letter.kind}")
        places = _some(sorted({notice.place for notice in letter.notices}), words)
        return words("notice.subject_group", tag=tag, count=len(letter.notices), places=places)
    last = [notice for notice in latest(letter.notices) if notice.incident]
    over = sum(notice.kind is NoticeKind.RESOLVED for notice in last)
    return words("notice.subject_digest", tag=words("notice.tag.digest"), open=len(last) - over, over=over)


def latest(notices: Iterable[Notice]) -> list[Notice]:
    """What each incident came to, in the order in which they began to be told."""
    found: dict[tuple[int, str, int], Notice] = {}
    for notice in notices:
        found[(notice.incident, "", 0) if notice.incident else (0, notice.place, notice.since_ms)] = notice
    return list(found.values())


def brief(notice: Notice, words: Words) -> str:
    """The cause in a subject's words: `gambar diam membeku`."""
    what = _lower(words.meaning(notice.cause))
    if notice.camera is None and notice.cameras:
        what += f" ({words('count.cameras', count=len(notice.cameras))})"
    return what


def lasted(notice: Notice, words: Words) -> str:
    """How long an outage was, or has been until it was resolved."""
    return duration((notice.resolved_ms or notice.since_ms) - notice.since_ms, words)


def waited(notice: Notice, words: Words) -> str:
    """How long nobody has taken it."""
    return duration(int(notice.waited_min * 60_000), words)


_WHAT = {
    NoticeKind.ACKNOWLEDGED: "notice.subject_taken",
    NoticeKind.UNACKNOWLEDGED: "notice.subject_left",
    NoticeKind.ESCALATED: "notice.subject_waited",
    NoticeKind.FLAPPING: "notice.subject_flapping",
}


def _what(notice: Notice, words: Words, zone: ZoneInfo) -> str:
    if notice.kind is NoticeKind.MAINTENANCE:
        return words("notice.subject_maintenance", start=date_and_time(notice.since_ms, zone, words))
    if notice.kind is NoticeKind.RESOLVED:
        return f"{_lower(words.meaning(notice.cause))} ({lasted(notice, words)})"
    if notice.kind is NoticeKind.OPENED:
        return brief(notice, words)
    return words(_WHAT[notice.kind], by=notice.by, waited=waited(notice, words), what=brief(notice, words))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _some(places: list[str], words: Words) -> str:
    shown = places[:_PLACES]
    if len(places) > _PLACES:
        shown.append(words("notice.more_places", count=len(places) - _PLACES))
    return ", ".join(shown)
