"""Puts a letter into its recipient's words: subject, text and HTML, from the templates beside this file."""

import logging
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pantau_collector.incidents.incident import UNLISTED_CAMERAS
from pantau_collector.notices.attachments import PictureSource, pictures_for
from pantau_collector.notices.letter import Form, Letter
from pantau_collector.notices.links import Links
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.notice import Notice, NoticeKind
from pantau_collector.notices.recipients import Recipient
from pantau_collector.notices.sections import Section, limit_cameras, section_of
from pantau_collector.notices.subject import latest_notices, outage_duration, short_cause, subject_of
from pantau_collector.notices.time_format import date_and_time
from pantau_contract.words import Words
from pantau_contract.words import words as words_of

TEMPLATES = Path(__file__).with_name("templates")
"""The folder of the templates."""
MAX_OUTAGES = 50
"""Outages that a letter lists at most; further ones are counted."""
MAX_UNLISTED = 20
"""Cameras that are not in the inventory, and are listed of one outage at most; further ones are counted."""

_log = logging.getLogger(__name__)


class Composer:
    """Composes letters. `{form}.txt.j2` and `{form}.html.j2` are the two templates of a form."""

    def __init__(self, links: Links, *, templates: Path = TEMPLATES) -> None:
        self._links = links
        self._environment = Environment(
            loader=FileSystemLoader(templates),
            autoescape=select_autoescape(["html.j2"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def compose(
        self, letter: Letter, recipient: Recipient, pictures: PictureSource | None = None
    ) -> RenderedMessage:
        """Compose the letter in the recipient's language and time zone, or in plain lines if a template fails."""
        words, zone = words_of(recipient.language), ZoneInfo(recipient.timezone)
        notices = latest_notices(letter.notices) if letter.form is Form.DIGEST else letter.notices
        single = letter.form is Form.SINGLE
        shown = pictures_for(notices[0], pictures, words, zone) if single and pictures is not None else ()
        sections = [
            section_of(notice, recipient.id, words, zone, self._links, shown) for notice in notices[:MAX_OUTAGES]
        ]
        sections = [
            limit_cameras(each, MAX_UNLISTED, words) if each.notice.cause == UNLISTED_CAMERAS else each
            for each in sections
        ]
        title = _title(letter, sections, len(notices), words)
        context = {
            "letter": letter,
            "words": words,
            "language": recipient.language,
            "title": title,
            **_listed(sections, words, len(notices) - len(sections)),
            "short_cause": lambda notice: short_cause(notice, words),
            "when": lambda time_ms: date_and_time(time_ms, zone, words),
            "outage_duration": lambda notice: outage_duration(notice, words),
            "wall": self._links.wall,
        }
        try:
            text, html = (self._render(letter.form, form, context) for form in ("txt", "html"))
        except Exception:  # noqa: BLE001 - whatever a template does, people must be notified
            _log.exception("the template for a letter of form %s failed; it is sent in plain lines", letter.form)
            text, html = _plain(title, sections, words, single=single), ""

        def shorten(fits: Callable[[str], bool]) -> str:
            return self._shorten(letter, context, sections, len(notices), words, fits)

        return RenderedMessage(
            subject=subject_of(letter, words, zone),
            text=text,
            html=html,
            pictures=shown,
            thread=_thread(notices[0]) if single else "",
            acknowledge=sections[0].acknowledge if single else "",
            notices=letter.notices,
            shorten=shorten,
        )

    def _shorten(
        self,
        letter: Letter,
        context: dict[str, Any],
        sections: list[Section],
        total: int,
        words: Words,
        fits: Callable[[str], bool],
    ) -> str:
        """Return the text with as many cameras as fit, or else as many outages, or else as many lines."""

        def text(outages: int, cameras: int) -> str:
            shown = [limit_cameras(section, cameras, words) for section in sections[:outages]]
            return self._render(letter.form, "txt", {**context, **_listed(shown, words, total - outages)})

        def fit(most: int, shorter: Callable[[int], str]) -> str | None:
            """Return the text of the greatest number that fits, or None if that of 0 does not."""
            too_many = bisect_left(range(most + 1), True, key=lambda number: not fits(shorter(number)))
            return shorter(too_many - 1) if too_many else None

        try:
            most = max(section.camera_count for section in sections)
            found = fit(most, lambda cameras: text(len(sections), cameras))
            if found is None and len(sections) > 1:
                found = fit(len(sections), lambda outages: text(outages, 0))
            return found if found is not None else _keep_lines(text(1, 0), sections[0].acknowledge, fits)
        except Exception:  # noqa: BLE001 - whatever a template does, people must be notified
            _log.exception("the template for a letter of form %s failed; its plain lines are cut", letter.form)
            return _keep_lines(_plain(context["title"], sections, words, single=False), "", fits)

    def _render(self, form: Form, extension: str, context: dict[str, Any]) -> str:
        return self._environment.get_template(f"{form}.{extension}.j2").render(context)


def _title(letter: Letter, sections: list[Section], count: int, words: Words) -> str:
    match letter.form:
        case Form.SINGLE:
            return sections[0].headline
        case Form.GROUP:
            return words(f"notice.group.{letter.kind}", count=count)
    return words("notice.digest")


def _listed(sections: list[Section], words: Words, left_out: int = 0) -> dict[str, Any]:
    """Return what a template lists: the sections, those of a digest by parts, and how many more there are."""
    return {
        "sections": sections,
        "parts": _parts_of_digest(sections, words),
        "left_out": words("notice.more_places", count=left_out) if left_out else "",
    }


def _keep_lines(text: str, acknowledge: str, fits: Callable[[str], bool]) -> str:
    """Return the lines from the beginning that fit, beside the one with the link for acknowledging."""
    lines = [line for line in text.splitlines() if line]
    last = [line for line in lines if acknowledge and acknowledge in line]
    if not fits("\n".join(last)):
        last = []
    kept: list[str] = []
    for line in lines:
        if line in last:
            continue
        if not fits("\n".join([*kept, line, *last])):
            break
        kept.append(line)
    return "\n".join([*kept, *last])


def _parts_of_digest(sections: list[Section], words: Words) -> list[tuple[str, list[Section]]]:
    """Return what is open, what is over and what is to come, each under its heading; without empty parts."""
    kinds: dict[str, list[Section]] = {"digest_open": [], "digest_over": [], "digest_other": []}
    for section in sections:
        notice = section.notice
        if notice.kind is NoticeKind.MAINTENANCE:
            kinds["digest_other"].append(section)
        else:
            kinds["digest_over" if notice.kind is NoticeKind.RESOLVED else "digest_open"].append(section)
    return [(words(f"notice.{name}"), part) for name, part in kinds.items() if part]


def _plain(title: str, sections: list[Section], words: Words, *, single: bool) -> str:
    lines = [title]
    for section in sections:
        if not single:
            lines += ["", section.headline]
        lines += [f"{label}: {value}" for label, value in [*section.facts, *section.links]]
        if section.acknowledge:
            lines.append(f"{words('notice.acknowledge')}: {section.acknowledge}")
    return "\n".join(lines) + "\n"


def _thread(notice: Notice) -> str:
    return f"{notice.incident}-{notice.since_ms}" if notice.incident else ""
