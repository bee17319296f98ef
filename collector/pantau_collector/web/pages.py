"""The wall as HTML: the whole page, and the board alone, the part that the page's script fetches again."""

import hashlib
from collections.abc import Callable
from functools import cached_property
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pantau_collector.access.scope import Scope as Part
from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health
from pantau_collector.web.conditional import is_not_modified
from pantau_collector.web.environment import TEMPLATES
from pantau_collector.web.guard import city_of, principal_of
from pantau_collector.web.times import Times, duration
from pantau_collector.web.wall import Wall
from pantau_collector.web.wall_builder import Scope, build_wall
from pantau_contract.version import __version__
from pantau_contract.words import LANGUAGES, Language, words

_CACHED_MS = 1000
"""Milliseconds for which a board is used again while the view of the city is the same."""
_MAX_CACHED = 32
"""Boards that are kept at most, of different languages and scopes."""


class RenderedBoard:
    """The board in one language at `now_ms`; `tag` changes with what it shows."""

    def __init__(self, wall: Wall, language: Language, *, now_ms: int) -> None:
        self.wall = wall
        self.language = language
        self.now_ms = now_ms
        self.tag = hashlib.blake2b(msgspec.msgpack.encode(wall), digest_size=12).hexdigest()

    @cached_property
    def html(self) -> str:
        """The board's HTML, rendered at the first use."""
        phrases = words(self.language)
        return TEMPLATES.get_template("board.html").render(
            wall=self.wall,
            words=phrases,
            language=self.language,
            duration=lambda start_ms, end_ms=None: duration(((end_ms or self.now_ms) - start_ms) / 1000, phrases),
        )


class Pages:
    """Serves the wall. The latest boards are cached, so that many screens cost as much as one."""

    def __init__(
        self,
        health: Callable[[], Health],
        clock_ms: Callable[[], int],
        *,
        language: Language,
        zone: ZoneInfo,
        city_name: str,
    ) -> None:
        self._health = health
        self._clock_ms = clock_ms
        self._language: Language = language
        self._zone = zone
        self._city_name = city_name
        self._cached: dict[tuple[Language, Scope, Part], tuple[CityView, RenderedBoard]] = {}

    async def page(self, request: Request) -> Response:
        """Serve `/`: the whole page, in the language of `?lang=`; of one site with `?site=`, all with `?all=1`."""
        board = self._board(request)
        phrases = words(board.language)
        html = TEMPLATES.get_template("page.html").render(
            board=board,
            words=phrases,
            clock=Times(phrases, self._zone, board.now_ms).clock(board.now_ms),
            city_name=self._city_name,
            zone=self._zone.key,
            version=__version__,
            other_language=next(each for each in LANGUAGES if each != board.language),
            scope=f"&site={board.wall.site}" if board.wall.site else "&all=1" if board.wall.everything else "",
        )
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    async def board(self, request: Request) -> Response:
        """Serve `/board`: the part of the page that changes."""
        board = self._board(request)
        headers = {"ETag": f'"{board.tag}"', "Cache-Control": "private, no-cache"}
        if is_not_modified(request, headers):
            return Response(status_code=304, headers=headers)
        return HTMLResponse(board.html, headers=headers)

    def _board(self, request: Request) -> RenderedBoard:
        city, now_ms = city_of(request), self._clock_ms()
        language, scope = self._requested_language(request), _scope(request, city)
        key = (language, scope, principal_of(request).scope)
        view, cached = self._cached.pop(key, (None, None))
        if cached is None or view is not city or abs(now_ms - cached.now_ms) >= _CACHED_MS:
            phrases = words(language)
            times = Times(phrases, self._zone, now_ms)
            wall = build_wall(city, self._health(), phrases, times, now_ms=now_ms, scope=scope)
            cached = RenderedBoard(wall, language, now_ms=now_ms)
        self._cached[key] = (city, cached)
        if len(self._cached) > _MAX_CACHED:
            del self._cached[next(iter(self._cached))]
        return cached

    def _requested_language(self, request: Request) -> Language:
        requested = request.query_params.get("lang")
        return next((each for each in LANGUAGES if each == requested), self._language)


def _scope(request: Request, city: CityView) -> Scope:
    site = request.query_params.get("site", "")
    return Scope(
        site=site if any(each.id == site for each in city.sites) else "",
        everything="all" in request.query_params,
    )
