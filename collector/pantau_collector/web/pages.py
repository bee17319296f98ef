"""The wall as HTML. The board in a page is what the script fetches to renew it: both ways show the same."""

import hashlib
from collections.abc import Callable
from functools import cached_property
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health
from pantau_collector.web.conditional import is_known
from pantau_collector.web.environment import TEMPLATES
from pantau_collector.web.times import Times, duration
from pantau_collector.web.wall import Wall, see
from pantau_contract.version import __version__
from pantau_contract.words import LANGUAGES, Language, words

_RENEWED_AFTER_MS = 1000


class Board:
    """The board in one language as seen at `now_ms`; `tag` changes when what it shows does."""

    def __init__(self, wall: Wall, language: Language, *, now_ms: int) -> None:
        self.wall = wall
        self.language = language
        self.now_ms = now_ms
        self.tag = hashlib.blake2b(msgspec.msgpack.encode(wall), digest_size=12).hexdigest()

    @cached_property
    def html(self) -> str:
        """Rendered once, and only for who does not have it yet."""
        phrases = words(self.language)
        return TEMPLATES.get_template("board.html").render(
            wall=self.wall,
            words=phrases,
            tag=self.tag,
            duration=lambda start_ms, end_ms=None: duration(((end_ms or self.now_ms) - start_ms) / 1000, phrases),
        )


class Pages:
    """Serves the wall. The newest board of each language is kept, so that many screens cost as much as one."""

    def __init__(
        self,
        view: Callable[[], CityView],
        health: Callable[[], Health],
        clock_ms: Callable[[], int],
        *,
        language: Language,
        zone: ZoneInfo,
        city_name: str,
    ) -> None:
        self._view = view
        self._health = health
        self._clock_ms = clock_ms
        self._language: Language = language
        self._zone = zone
        self._city_name = city_name
        self._newest: dict[Language, tuple[CityView, Board]] = {}

    async def page(self, request: Request) -> Response:
        """`/`: the whole page, in the language that `?lang=` asks for."""
        board = self._board(self._asked_language(request))
        phrases = words(board.language)
        html = TEMPLATES.get_template("page.html").render(
            board=board,
            words=phrases,
            clock=Times(phrases, self._zone, board.now_ms).clock(board.now_ms),
            city_name=self._city_name,
            zone=self._zone.key,
            version=__version__,
            other_language=next(each for each in LANGUAGES if each != board.language),
        )
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    async def board(self, request: Request) -> Response:
        """`/board`: the part of the page that changes."""
        board = self._board(self._asked_language(request))
        headers = {"ETag": f'"{board.tag}"', "Cache-Control": "private, no-cache"}
        if is_known(request, headers):
            return Response(status_code=304, headers=headers)
        return HTMLResponse(board.html, headers=headers)

    def _board(self, language: Language) -> Board:
        city, now_ms = self._view(), self._clock_ms()
        if language in self._newest:
            seen, newest = self._newest[language]
            if seen is city and abs(now_ms - newest.now_ms) < _RENEWED_AFTER_MS:
                return newest
        phrases = words(language)
        wall = see(city, self._health(), phrases, Times(phrases, self._zone, now_ms), now_ms=now_ms)
        board = Board(wall, language, now_ms=now_ms)
        self._newest[language] = (city, board)
        return board

    def _asked_language(self, request: Request) -> Language:
        asked = request.query_params.get("lang")
        return next((each for each in LANGUAGES if each == asked), self._language)
