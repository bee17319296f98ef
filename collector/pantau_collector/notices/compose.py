"""A notice in a recipient's words: subject, text and HTML, from the templates beside this file."""

import logging
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pantau_collector.config import Recipient
from pantau_collector.notices.notice import Message, Notice, NoticeCamera, NoticeKind
from pantau_collector.notices.phrases import date_and_time, duration
from pantau_contract.states import State
from pantau_contract.words import Words
from pantau_contract.words import words as words_of

TEMPLATES = Path(__file__).with_name("templates")

_log = logging.getLogger(__name__)


class Composer:
    """Puts notices into words. `{kind}.txt.j2` and `{kind}.html.j2` are a kind's two templates."""

    def __init__(self, *, public_url: str | None = None, templates: Path = TEMPLATES) -> None:
        self._public_url = public_url
        self._environment = Environment(
            loader=FileSystemLoader(templates),
            autoescape=select_autoescape(["html.j2"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def compose(self, notice: Notice, recipient: Recipient) -> Message:
        """The notice in the recipient's language and time zone; in plain lines if a template fails."""
        words, zone = words_of(recipient.language), ZoneInfo(recipient.timezone)
        subject = _subject(notice, words)
        facts = _facts(notice, words, zone)
        context = {
            "notice": notice,
            "words": words,
            "headline": _headline(notice, words),
            "facts": facts,
            "affected": _by_owner(notice, words),
            "links": self._links(notice, words),
        }
        try:
            text, html = (self._render(notice.kind, form, context) for form in ("txt", "html"))
        except Exception:  # noqa: BLE001 - whatever a template does, people must be told
            _log.exception("the template for a notice of kind %s failed; it is sent in plain lines", notice.kind)
            text = "\n".join([_headline(notice, words), *(f"{label}: {value}" for label, value in facts)])
            html = ""
        return Message(subject, text, html)

    def _render(self, kind: NoticeKind, form: str, context: dict[str, Any]) -> str:
        return self._environment.get_template(f"{kind}.{form}.j2").render(context)

    def _links(self, notice: Notice, words: Words) -> list[tuple[str, str]]:
        links = []
        if notice.latitude is not None and notice.longitude is not None:
            at = f"{notice.latitude:.6f}", f"{notice.longitude:.6f}"
            url = f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=18/{at[0]}/{at[1]}"
            links.append((words("notice.map"), url))
        if self._public_url:
            links.append((words("notice.wall"), f"{self._public_url}/"))
        return links


def _subject(notice: Notice, words: Words) -> str:
    where = f"{notice.site_name} / {notice.camera_name}" if notice.camera else notice.site_name
    meaning = words.meaning(notice.cause)
    what = meaning[:1].lower() + meaning[1:]
    if notice.kind is NoticeKind.RESOLVED:
        what += f" ({_lasted(notice, words)})"
    elif notice.camera is None and notice.cameras:
        what += f" ({words('notice.cameras', count=len(notice.cameras))})"
    return words("notice.subject", tag=words(f"notice.tag.{notice.kind}"), where=where, what=what)


def _headline(notice: Notice, words: Words) -> str:
    if notice.kind is NoticeKind.OPENED:
        return words.meaning(notice.cause)
    if notice.camera is None:
        return words("notice.over_site")
    if notice.state in (State.OK, State.DEGRADED):
        return words("notice.over")
    return words("notice.not_working", state=words.state(State(notice.state)))


def _facts(notice: Notice, words: Words, zone: ZoneInfo) -> list[tuple[str, str]]:
    """Labels and values, in their order."""
    facts = [("place", notice.site_name)]
    if notice.camera is not None:
        facts.append(("camera", notice.camera_name))
    if notice.kind is NoticeKind.RESOLVED:
        facts.append(("cause", words.meaning(notice.cause)))
    facts.append(("since", date_and_time(notice.since_ms, zone, words)))
    if notice.resolved_ms is not None:
        facts.append(("until", date_and_time(notice.resolved_ms, zone, words)))
        facts.append(("lasted", _lasted(notice, words)))
    if notice.kind is NoticeKind.OPENED:
        facts.append(("remedy", words.remedy(notice.cause)))
        if notice.detail:
            facts.append(("evidence", notice.detail))
    if notice.camera is not None:
        facts += _parties(notice.cameras, words)
    return [(words(f"notice.{label}"), value) for label, value in facts]


def _parties(cameras: tuple[NoticeCamera, ...], words: Words) -> list[tuple[str, str]]:
    nobody = words("notice.nobody")
    camera = cameras[0] if cameras else NoticeCamera("", "")
    facts = [("owner", camera.owner or nobody), ("maintainer", camera.maintainer or nobody)]
    return [*facts, ("project", camera.project)] if camera.project else facts


def _by_owner(notice: Notice, words: Words) -> list[tuple[str, list[NoticeCamera]]]:
    """The cameras of a whole site's incident, by their owners' names."""
    if notice.camera is not None:
        return []

    def owner(camera: NoticeCamera) -> str:
        return camera.owner or words("notice.nobody")

    cameras = sorted(notice.cameras, key=lambda camera: (owner(camera), camera.name))
    return [(name, list(group)) for name, group in groupby(cameras, key=owner)]


def _lasted(notice: Notice, words: Words) -> str:
    return duration((notice.resolved_ms or notice.since_ms) - notice.since_ms, words)
