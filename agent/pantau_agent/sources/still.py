"""Still pictures over HTTP, asked for time and again, no faster than the camera can bear."""

import asyncio
from collections.abc import Callable

from pantau_agent.http.client import Client, Response
from pantau_agent.sources.jpegs import Jpegs
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.keyframe import MAX_KEYFRAME
from pantau_contract.words.evidence import detail

PAUSE_S = 1.0
"""From one picture to the next at least; a camera that takes longer over one is left alone for as long."""
LENIENCE = 2.0
"""A picture that takes so many times the longest so far is overdue."""
PATIENCE = 3
"""So many bad pictures in a row end the visit: a new connection may help."""


class StillFeed:
    """Asks for one picture after another. Each has `timeout_s`."""

    def __init__(
        self, client: Client, response: Response, jpegs: Jpegs, monotonic: Callable[[], float], timeout_s: float
    ) -> None:
        self._client = client
        self._response = response
        self._jpegs = jpegs
        self._monotonic = monotonic
        self._timeout_s = timeout_s
        self._asked: float | None = None
        self._longest = 0.0

    @property
    def idle(self) -> bool:
        """Whether nothing is due from the camera."""
        return self._asked is None or self._monotonic() - self._asked < LENIENCE * self._longest

    async def begin(self) -> None:
        """Reads the first picture. Raises `LookError` where it is none."""
        if not await self._read(self._response):
            kind = Kind.NO_MEDIA if "cut off" in self._jpegs.problem else Kind.NO_VIDEO
            raise LookError(Failure(Step.STREAM, kind, self._jpegs.problem))
        self._longest = self._monotonic() - self._client.requested

    async def run(self) -> None:
        """Asks until it fails, which is told as a `LookError`."""
        took, bad = self._longest, 0
        while True:
            await asyncio.sleep(max(PAUSE_S, took))
            began = self._asked = self._monotonic()
            self._jpegs.arrived(0, began)
            try:
                async with asyncio.timeout(self._timeout_s):
                    good = await self._read(await self._client.get())
            except TimeoutError:
                late = detail("no_picture_within", seconds=f"{self._timeout_s:g}")
                raise LookError(Failure(Step.STREAM, Kind.SILENT, late)) from None
            took = self._monotonic() - began
            self._asked, self._longest = None, max(self._longest, took)
            bad = 0 if good else bad + 1
            if bad >= PATIENCE:
                raise LookError(Failure(Step.STREAM, Kind.NO_MEDIA, self._jpegs.problem))

    async def _read(self, response: Response) -> bool:
        """One picture; whether it is a good one. Raises `LookError`."""
        content = bytearray()
        while True:
            try:
                piece = await response.read()
            except LookError as error:
                if error.failure.kind is not Kind.CLOSED:
                    raise
                piece = b""  # what is there is judged: cut off, most likely
            if not piece:
                break
            content += piece
            self._jpegs.arrived(len(piece), self._monotonic())
            if len(content) > MAX_KEYFRAME:
                large = detail("large_picture", octets=MAX_KEYFRAME)
                raise LookError(Failure(Step.STREAM, Kind.NO_MEDIA, large))
        media_type = response.head.media_type
        return self._jpegs.take(media_type, bytes(content), self._monotonic())
