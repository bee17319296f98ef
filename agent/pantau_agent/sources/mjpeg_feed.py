"""MJPEG over HTTP: a response that does not end, with a JPEG in each of its parts."""

import asyncio
from collections.abc import Callable
from time import thread_time

from pantau_agent.http.client import StreamedResponse
from pantau_agent.http.multipart import PartParser
from pantau_agent.sources.jpeg_counter import JpegCounter
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.malformed import MalformedError
from pantau_contract.words.evidence import detail

SINGLE_S = 1.5
"""Seconds after which a picture that no other follows is a still, unless the camera calls it a stream.

It is shorter than the time after which a silent stream counts as stalled."""


class MjpegFeed:
    """Reads such a response. A camera that falls silent in it has stalled, so it is never `idle`."""

    idle = False

    def __init__(
        self, response: StreamedResponse, boundary: str, jpegs: JpegCounter, monotonic: Callable[[], float]
    ) -> None:
        self._response = response
        self._jpegs = jpegs
        self._monotonic = monotonic
        self._parts = PartParser(boundary)

    async def begin(self) -> None:
        """Do nothing: the response's head has been read."""

    async def run(self) -> None:
        """Read until the response ends, and return if it was a single picture.

        Raises:
            LookError: the stream ended or is malformed.
        """
        contents = 0
        single = not self._response.head.media_type.startswith("multipart/")
        try:
            while data := await self._read(SINGLE_S if single and contents == 1 else None):
                begun, before, now = thread_time(), self._parts.pieces, self._monotonic()
                self._jpegs.add_bytes(len(data), now)
                for part in self._parts.feed(data):
                    contents += 1
                    self._jpegs.add(part.media_type, part.content, now)
                self._response.spend(self._parts.pieces - before, thread_time() - begun)
        except MalformedError as error:
            raise LookError(Failure(Step.STREAM, Kind.NO_MEDIA, detail("stream_broken", problem=error))) from None
        if contents != 1 or self._jpegs.problem:
            raise LookError(Failure(Step.STREAM, Kind.CLOSED, detail("stream_ended")))

    async def _read(self, timeout_s: float | None) -> bytes:
        """Return the next piece of the response; empty at its end, or after that time without one."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._response.read()
        except TimeoutError:
            return b""
