"""The part of a page that changes, as HTML cut into parts with ids, of which only those that changed are sent.

A template calls `part(id, value, macro)` for what may change by itself. As long as a part's value is equal to the
one before, its HTML is used again: neither rendered nor sent. Durations, which change by themselves, are not part
of a value: the page's script computes them from the times.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from markupsafe import Markup
from msgspec import Struct

from pantau_collector.web.environment import TEMPLATES
from pantau_collector.web.event_stream import Event

_MARK = secrets.token_hex(8)
"""Stands for a part in a frame; no text of others can hold it, because nobody knows it."""
_PART = re.compile(f"<!--{_MARK}:([^>]*)-->")
_TAG = re.compile(r"\s*<([a-z0-9]+)[^>]*>")
_DURATIONS_MS = 30_000
"""Milliseconds for which the durations in a part that is used again may be behind."""


class Part(NamedTuple):
    """A part's value, its HTML, and when that was rendered (UTC ms)."""

    value: object
    html: str
    made_ms: int


class Board(Struct, frozen=True, eq=False):
    """What a page shows of one moment: `frame` is HTML in which each part is a comment with its id."""

    frame: str
    parts: Mapping[str, Part]

    @property
    def html(self) -> Markup:
        """The whole, for a page."""
        return Markup(_PART.sub(lambda found: self.parts[found[1]].html, self.frame))  # noqa: S704 - made of templates


class BoardTemplate:
    """Renders boards from a template, each with what is still true of the one before."""

    def __init__(self, name: str, **context: object) -> None:
        self._template = TEMPLATES.get_template(name)
        self._context = context

    def render(self, before: Board | None, now_ms: int, **values: object) -> Board:
        """Return the board of `now_ms` (UTC ms)."""
        parts: dict[str, Part] = {}
        known = before.parts if before is not None else {}

        def part(part_id: str, value: object, macro: Callable[[Any], str]) -> Markup:
            old = known.get(part_id)
            if old is not None and (old.value is value or old.value == value):
                value = old.value
                if "data-since" in old.html and now_ms - old.made_ms > _DURATIONS_MS:
                    old = None
            else:
                old = None
            parts[part_id] = old or Part(value, str(macro(value)), now_ms)
            return Markup(f"<!--{_MARK}:{part_id}-->")  # noqa: S704 - ids are slugs, or ours

        frame = self._template.render(self._context | values | {"part": part, "now_ms": now_ms})
        return Board(frame, parts)


def whole(board: Board) -> Iterable[Event]:
    """Return the event that brings all of it."""
    yield Event("board", board.html)


def changes(before: Board, after: Board) -> Iterable[Event]:
    """Return the event that turns one board into another; none if they look the same.

    `parts` brings the elements that changed, and `board` all of them where the order did: then those that did not
    change are empty, with the attribute `data-same`.
    """
    changed = {part_id for part_id, part in after.parts.items() if not _is_same(before.parts.get(part_id), part)}
    if before.frame == after.frame:
        if changed:
            yield Event(
                "parts", "".join(after.parts[part_id].html for part_id in after.parts if part_id in changed)
            )
        return
    yield Event(
        "board",
        _PART.sub(
            lambda found: after.parts[found[1]].html if found[1] in changed else _same(found[1], after),
            after.frame,
        ),
    )


def _is_same(before: Part | None, after: Part) -> bool:
    return before is not None and before.value is after.value


def _same(part_id: str, board: Board) -> str:
    tag = _TAG.match(board.parts[part_id].html)
    name = tag[1] if tag else "div"
    return f'<{name} id="{part_id}" data-same></{name}>'
