"""What a message says of one notice, in a recipient's words, as a template shows it."""

from itertools import groupby
from zoneinfo import ZoneInfo

from msgspec import Struct

from pantau_collector.notices.links import Links
from pantau_collector.notices.notice import TELL_OF_OUTAGE, Notice, NoticeCamera, NoticeKind, Picture
from pantau_collector.notices.phrases import date_and_time
from pantau_collector.notices.subject import lasted, waited
from pantau_contract.states import State
from pantau_contract.words import Words


class Section(Struct, frozen=True):
    """One notice. `lines` stand below the headline; `facts` and `links` are labels and values, in their order.

    `affected` are the cameras of what takes down more than one, by their owners' names. `acknowledge` is empty
    where there is nothing to take.
    """

    notice: Notice
    headline: str
    lines: list[str]
    facts: list[tuple[str, str]]
    affected: list[tuple[str, list[NoticeCamera]]]
    links: list[tuple[str, str]]
    acknowledge: str
    pictures: tuple[Picture, ...] = ()


def section_of(
    notice: Notice,
    recipient: str,
    words: Words,
    zone: ZoneInfo,
    links: Links,
    pictures: tuple[Picture, ...] = (),
) -> Section:
    """The notice in words; `pictures` go with it."""
    takes = notice.kind in TELL_OF_OUTAGE or notice.kind is NoticeKind.UNACKNOWLEDGED
    on_map = links.map(notice)
    return Section(
        notice=notice,
        headline=_headline(notice, words),
        lines=_lines(notice, words),
        facts=[(words(f"notice.{label}"), value) for label, value in _facts(notice, words, zone)],
        affected=_by_owner(notice, words),
        links=[(words("notice.map"), on_map)] if on_map else [],
        acknowledge=links.acknowledge(notice, recipient) if takes else "",
        pictures=pictures,
    )


def _headline(notice: Notice, words: Words) -> str:
    match notice.kind:
        case NoticeKind.OPENED | NoticeKind.FLAPPING:
            return words.meaning(notice.cause)
        case NoticeKind.RESOLVED:
            return _recovery(notice, words)
        case NoticeKind.MAINTENANCE:
            return words("notice.maintenance")
    phrase = {
        NoticeKind.ACKNOWLEDGED: "notice.taken",
        NoticeKind.UNACKNOWLEDGED: "notice.left",
        NoticeKind.ESCALATED: "notice.waited",
    }[notice.kind]
    return words(phrase, by=notice.by, waited=waited(notice, words))


def _recovery(notice: Notice, words: Words) -> str:
    if notice.camera is None:
        what = "uplink" if notice.uplink else "device" if notice.device else "site"
        return words(f"notice.over_{what}")
    if notice.state in (State.OK, State.DEGRADED):
        return words("notice.over")
    return words("notice.not_working", state=words.state(State(notice.state)))


def _lines(notice: Notice, words: Words) -> list[str]:
    lines = []
    if notice.kind is NoticeKind.FLAPPING:
        lines.append(words("notice.flapping"))
    if notice.outlived:
        lines.append(words("notice.outlived"))
    return lines


def _facts(notice: Notice, words: Words, zone: ZoneInfo) -> list[tuple[str, str]]:
    kind = notice.kind
    facts = [("uplink", notice.uplink), ("place", notice.site_name), ("device", notice.device)]
    facts.append(("camera", notice.camera_name))
    if kind is NoticeKind.MAINTENANCE:
        facts += [("from", date_and_time(notice.since_ms, zone, words)), ("until", _until(notice, words, zone))]
        facts.append(("reason", notice.detail))
        return [(label, value) for label, value in facts if value]
    if kind not in (NoticeKind.OPENED, NoticeKind.FLAPPING):
        facts.append(("cause", words.meaning(notice.cause)))
    facts.append(("since", date_and_time(notice.since_ms, zone, words)))
    if kind is NoticeKind.RESOLVED and notice.resolved_ms is not None:
        facts.append(("until", date_and_time(notice.resolved_ms, zone, words)))
        facts.append(("lasted", lasted(notice, words)))
    if notice.by and kind is not NoticeKind.RESOLVED:
        until = _until(notice, words, zone)
        facts.append(("by", f"{notice.by} ({words('notice.until').lower()} {until})" if until else notice.by))
    if kind in TELL_OF_OUTAGE or kind is NoticeKind.UNACKNOWLEDGED:
        facts += [("remedy", words.remedy(notice.cause)), ("evidence", words.evidence(notice.detail))]
    if notice.camera is not None:
        facts += _parties(notice.cameras, words)
    return [(label, value) for label, value in facts if value]


def _until(notice: Notice, words: Words, zone: ZoneInfo) -> str:
    return "" if notice.until_ms is None else date_and_time(notice.until_ms, zone, words)


def _parties(cameras: tuple[NoticeCamera, ...], words: Words) -> list[tuple[str, str]]:
    nobody = words("notice.nobody")
    camera = cameras[0] if cameras else NoticeCamera("", "")
    facts = [("owner", camera.owner or nobody), ("maintainer", camera.maintainer or nobody)]
    return [*facts, ("project", camera.project)]


def _by_owner(notice: Notice, words: Words) -> list[tuple[str, list[NoticeCamera]]]:
    """The cameras of what takes down more than one, by their owners' names."""
    if notice.camera is not None:
        return []

    def owner(camera: NoticeCamera) -> str:
        return camera.owner or words("notice.nobody")

    cameras = sorted(notice.cameras, key=lambda camera: (owner(camera), camera.site_name, camera.name))
    return [(name, list(group)) for name, group in groupby(cameras, key=owner)]
