"""A page that keeps itself up to date: the same address answers with the page, or streams what changes of it.

A browser asks for the stream by `Accept: text/event-stream`. Both pass the same rules, and show the same board.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from ipaddress import ip_network
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.scope import Scope
from pantau_collector.fleet.view import CityView
from pantau_collector.web.desk.board import Board, BoardTemplate, changes, whole
from pantau_collector.web.desk.phrases import phrases
from pantau_collector.web.event_stream import Channel, Event, EventStreams, Viewer
from pantau_collector.web.gate import caller_of
from pantau_collector.web.guard import principal_of, root_of
from pantau_collector.web.hosts import parse_address
from pantau_collector.web.layout import language_of, linker, render
from pantau_collector.web.times import Times, duration
from pantau_contract.words import Language, Words, words

MADE_AGAIN_MS = 1000
"""Milliseconds for which a board is used again while the view of the city is the same."""

Build = Callable[[CityView, Words, Times], Mapping[str, object]]
"""Returns what a board's template shows of the city."""
Narrowed = Callable[[Callable[[], CityView]], Callable[[], CityView]]
"""Narrows a view of the city further."""


class BoardFeed:
    """The board of one page, language and part of the city, for all who look at it."""

    def __init__(
        self,
        view: Callable[[], CityView],
        build: Build,
        template: str,
        *,
        clock_ms: Callable[[], int],
        zone: ZoneInfo,
        language: Language,
        root: str,
        link: Callable[..., str],
    ) -> None:
        self._view = view
        self._build = build
        self._clock_ms = clock_ms
        self._zone = zone
        self._words = words(language)
        self._template = BoardTemplate(template, words=self._words, language=language, root=root, link=link)
        self._made: tuple[CityView, int, Board] | None = None

    def state(self) -> Board:
        """Return the board as it is now."""
        city, now_ms = self._view(), self._clock_ms()
        if self._made and self._made[0] is city and abs(now_ms - self._made[1]) < MADE_AGAIN_MS:
            return self._made[2]
        shown = self._build(city, self._words, Times(self._words, self._zone, now_ms))
        board = self._template.render(
            self._made[2] if self._made else None,
            now_ms,
            duration=lambda start_ms, end_ms=None: duration(((end_ms or now_ms) - start_ms) / 1000, self._words),
            **shown,
        )
        self._made = city, now_ms, board
        return board

    def whole(self, state: Board, /) -> Iterable[Event]:
        """Return the event that brings all of the board."""
        return whole(state)

    def changes(self, before: Board, after: Board, /) -> Iterable[Event]:
        """Return the event that brings what changed."""
        return changes(before, after)


class LivePages:
    """Answers the requests for all pages that keep themselves up to date."""

    def __init__(
        self,
        streams: EventStreams,
        scoped: Callable[[Scope], CityView],
        clock_ms: Callable[[], int],
        zone: ZoneInfo,
    ) -> None:
        self._streams = streams
        self._scoped = scoped
        self._clock_ms = clock_ms
        self._zone = zone

    def times(self, request: Request) -> Times:
        """Return how times are shown to who asks."""
        return Times(words(language_of(request)), self._zone, self._clock_ms())

    def channel(
        self,
        request: Request,
        board: str,
        build: Build,
        *,
        key: object = None,
        narrowed: Narrowed = lambda view: view,
    ) -> Channel:
        """Return what all share who look at the same page, in one language, of one part of the city."""
        language, scope = language_of(request), principal_of(request).scope
        root, link = root_of(request), linker(request)
        return self._streams.channel(
            (request.url.path, key, language, "lang" in request.query_params, scope),
            lambda: BoardFeed(
                narrowed(partial(self._scoped, scope)),
                build,
                board,
                clock_ms=self._clock_ms,
                zone=self._zone,
                language=language,
                root=root,
                link=link,
            ),
        )

    async def answer(
        self,
        request: Request,
        page: str,
        board: str,
        build: Build,
        *,
        key: object = None,
        narrowed: Narrowed = lambda view: view,
        more: Callable[[], Mapping[str, object]] = dict,
    ) -> Response:
        """Answer with the page, or stream its board.

        Args:
            request: the request, which has passed the guard.
            page: the template of the page; it sees `board`, and what is around it (see `layout.render`).
            board: the template of the board.
            build: returns what the board's template shows.
            key: tells boards of the same path apart: what else of the address counts. It must be hashable.
            narrowed: narrows the view of the principal's scope further.
            more: returns what else the page's template sees; not called for a stream.
        """
        channel = self.channel(request, board, build, key=key, narrowed=narrowed)
        if "text/event-stream" in request.headers.get("accept", ""):
            last_id = request.headers.get("last-event-id") or request.query_params.get("seen", "")
            return self._streams.open(channel, viewer_of(request), last_id)
        now_ms = self._clock_ms()
        values: dict[str, Any] = {**phrases(words(language_of(request)), now_ms), **more()}
        return render(
            request,
            page,
            board=channel.state.html,
            last_id=channel.last_id,
            now_ms=now_ms,
            zone=self._zone.key,
            clock=self.times(request).clock(now_ms),
            **values,
        )


def viewer_of(request: Request) -> Viewer:
    """Return who opens a stream. The machine itself, as its demo and its proxy, may have any number."""
    caller, principal = caller_of(request), principal_of(request)
    found = parse_address(caller.address)
    if found is None or found.is_loopback:
        return Viewer(f"{principal.kind}:{principal.name}", caller.address, is_many=True)
    address = str(found) if found.version == 4 else str(ip_network((found, 64), strict=False))
    return Viewer(f"{principal.kind}:{principal.name}", address)
