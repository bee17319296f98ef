"""The part of a message about one notice, in the recipient's words, as a template shows it."""

from itertools import groupby
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from pantau_collector.incidents.incident import UNLISTED_CAMERAS
from pantau_collector.notices.links import Links
from pantau_collector.notices.message import AttachedPicture
from pantau_collector.notices.notice import OUTAGE_NOTICES, Notice, NoticeCamera, NoticeKind
from pantau_collector.notices.subject import outage_duration, unacknowledged_duration
from pantau_collector.notices.time_format import date_and_time
from pantau_contract.states import State
from pantau_contract.words import Words


class Section(Struct, frozen=True):
    """One notice. `lines` stand below the headline; `facts` and `links` are labels and values, in their order.

    `affected` are the cameras of an outage of more than one, by the names of their owners. `acknowledge` is empty
    if there is nothing to acknowledge. `left_out` is the count of the cameras that are not listed, in words.
    """

    notice: Notice
    headline: str
    lines: list[str]
    facts: list[tuple[str, str]]
    affected: list[tuple[str, list[NoticeCamera]]]
    links: list[tuple[str, str]]
    acknowledge: str
    pictures: tuple[AttachedPicture, ...] = ()
    left_out: str = ""

    @property
    def camera_count(self) -> int:
        """How many cameras are listed."""
        return sum(len(cameras) for _, cameras in self.affected)


def limit_cameras(section: Section, most: int, words: Words) -> Section:
    """Return the section with so many cameras at most, and the count of those that it leaves out."""
    room, affected = most, []
    for owner, cameras in section.affected:
        if room > 0:
            affected.append((owner, cameras[:room]))
            room -= len(cameras)
    if section.camera_count <= most:
        return section
    left_out = len(section.notice.cameras) - most
    return replace(section, affected=affected, left_out=words("notice.more_places", count=left_out))


def section_of(
    notice: Notice,
    recipient: str,
    words: Words,
    zone: ZoneInfo,
    links: Links,
    pictures: tuple[AttachedPicture, ...] = (),
) -> Section:
    """Put the notice into words; `pictures` go with it."""
    has_link = notice.kind in OUTAGE_NOTICES or notice.kind is NoticeKind.UNACKNOWLEDGED
    on_map = links.map(notice)
    return Section(
        notice=notice,
        headline=_headline(notice, words),
        lines=_lines(notice, words),
        facts=[(words(f"notice.{label}"), value) for label, value in _facts(notice, words, zone)],
        affected=_by_owner(notice, words),
        links=[(words("notice.map"), on_map)] if on_map else [],
        acknowledge=links.acknowledge(notice, recipient) if has_link else "",
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
    return words(phrase, by=notice.by, waited=unacknowledged_duration(notice, words))


def _recovery(notice: Notice, words: Words) -> str:
    if notice.cause == UNLISTED_CAMERAS:
        return words("notice.over_unlisted")
    if notice.camera is None:
        parent = "uplink" if notice.uplink else "device" if notice.device else "site"
        return words(f"notice.over_{parent}")
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
    if notice.cause_from_ms is not None and notice.cause_to_ms is not None:
        times = (date_and_time(time_ms, zone, words) for time_ms in (notice.cause_from_ms, notice.cause_to_ms))
        facts.append(("cause_lasted", " - ".join(times)))
    facts.append(("since", date_and_time(notice.since_ms, zone, words)))
    if kind is NoticeKind.RESOLVED and notice.resolved_ms is not None:
        facts.append(("until", date_and_time(notice.resolved_ms, zone, words)))
        facts.append(("lasted", outage_duration(notice, words)))
    if notice.by and kind is not NoticeKind.RESOLVED:
        until = _until(notice, words, zone)
        facts.append(("by", f"{notice.by} ({words('notice.until').lower()} {until})" if until else notice.by))
    if kind in OUTAGE_NOTICES or kind is NoticeKind.UNACKNOWLEDGED:
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
    """Return the cameras of an outage of more than one, by the names of their owners."""
    if notice.camera is not None:
        return []

    def owner(camera: NoticeCamera) -> str:
        return camera.owner or words("notice.nobody")

    cameras = sorted(notice.cameras, key=lambda camera: (owner(camera), camera.site_name, camera.name))
    return [(name, list(group)) for name, group in groupby(cameras, key=owner)]
