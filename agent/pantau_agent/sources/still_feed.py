"""Still pictures over HTTP, requested repeatedly, no faster than the camera can bear."""

import asyncio
from collections.abc import Callable

from pantau_agent.http.client import Client, StreamedResponse
from pantau_agent.http.jpeg_extent import SOI, JpegExtent
from pantau_agent.http.multipart import PartParser
from pantau_agent.http.receive_buffer import ReceiveBuffer
from pantau_agent.http.response import ResponseHead
from pantau_agent.sources.jpeg_counter import JpegCounter
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.keyframe import MAX_KEYFRAME_BYTES
from pantau_agent.streams.malformed import MalformedError
from pantau_agent.streams.time_limit import TimeLimit
from pantau_contract.words.evidence import detail

PAUSE_S = 1.0
"""Shortest pause between two pictures, in seconds; a camera that takes longer over one gets a pause as long."""
OVERDUE_FACTOR = 2.0
"""A picture that takes this many times as long as the slowest so far is overdue."""
TRAILER_S = 1.0
"""Seconds that the rest of a response has to come once its picture is whole: a stated length may be too large."""
PARSED_AT_ONCE = 4096
"""Bytes that are searched for a first part at once: a picture that is none may be thousands of parts."""
MAX_BAD_PICTURES = 3
"""Number of bad pictures in a row that end the session: a new connection may help."""


class StillFeed:
    """Requests one picture after another, each within `timeout_s`."""

    def __init__(
        self,
        client: Client,
        response: StreamedResponse,
        jpegs: JpegCounter,
        monotonic: Callable[[], float],
        timeout_s: float,
        *,
        time_limit: TimeLimit = asyncio.timeout,
    ) -> None:
        self._client = client
        self._response = response
        self._jpegs = jpegs
        self._monotonic = monotonic
        self._timeout_s = timeout_s
        self._time_limit = time_limit
        self._requested: float | None = None
        self._slowest = 0.0

    @property
    def idle(self) -> bool:
        """True if nothing is due from the camera now."""
        return self._requested is None or self._monotonic() - self._requested < OVERDUE_FACTOR * self._slowest

    async def begin(self) -> None:
        """Read the first picture. Raises `LookError` if it is not one."""
        if not await self._read(self._response):
            kind = Kind.NO_MEDIA if "cut off" in self._jpegs.problem else Kind.NO_VIDEO
            raise LookError(Failure(Step.STREAM, kind, self._jpegs.problem))
        self.continue_after()

    def continue_after(self) -> None:
        """Take the response that the feed was made with for read: its picture has been counted."""
        self._slowest = self._monotonic() - self._client.requested

    async def run(self) -> None:
        """Request pictures until that fails, which raises `LookError`."""
        took, bad = self._slowest, 0
        while True:
            await asyncio.sleep(max(PAUSE_S, took))
            start = self._requested = self._monotonic()
            self._jpegs.add_bytes(0, start)
            try:
                async with self._time_limit(self._timeout_s):
                    good = await self._read(await self._client.get())
            except TimeoutError:
                late = detail("no_picture_within", seconds=f"{self._timeout_s:g}")
                raise LookError(Failure(Step.STREAM, Kind.SILENT, late)) from None
            took = self._monotonic() - start
            self._requested, self._slowest = None, max(self._slowest, took)
            bad = 0 if good else bad + 1
            if bad >= MAX_BAD_PICTURES:
                raise LookError(Failure(Step.STREAM, Kind.NO_MEDIA, self._jpegs.problem))

    async def _read(self, response: StreamedResponse) -> bool:
        """Read one picture, and return whether it is a JPEG. Raises `LookError`."""
        content, extent, whole = ReceiveBuffer(), JpegExtent(), False
        while True:
            try:
                async with self._time_limit(TRAILER_S if whole else None):
                    piece = await response.read()
            except LookError as error:
                if error.failure.kind is not Kind.CLOSED:
                    raise
                piece = b""  # what has come is judged, and is most likely cut off
            except TimeoutError:
                if not whole:
                    raise
                await self._client.close()  # the rest of the stated length will not come
                piece = b""
            if not piece:
                break
            content.feed(piece)
            whole = whole or (content.starts_with(SOI) and extent.end(content) is not None)
            self._jpegs.add_bytes(len(piece), self._monotonic())
            if len(content) > MAX_KEYFRAME_BYTES:
                large = detail("large_picture", octets=MAX_KEYFRAME_BYTES)
                raise LookError(Failure(Step.STREAM, Kind.NO_MEDIA, large))
        media_type, picture = response.head.media_type, content.peek(len(content)).lstrip(b"\r\n")
        if media_type.startswith("multipart/") or not picture.startswith(SOI):
            media_type, picture = _first_part(response.head, picture) or (media_type, picture)
        return self._jpegs.add(media_type, picture, self._monotonic())


def _first_part(head: ResponseHead, content: bytes) -> tuple[str, bytes] | None:
    """Return the media type and the content of the first part, or None if the content is not in parts."""
    parser = PartParser(head.boundary)
    try:
        for start in range(0, len(content), PARSED_AT_ONCE):
            if parts := parser.feed(content[start : start + PARSED_AT_ONCE]):
                return parts[0].media_type, parts[0].content
    except MalformedError:
        pass
    return None
