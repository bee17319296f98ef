"""A camera's pictures over HTTP as a source: an MJPEG stream or stills, depending on the response's bytes."""

import asyncio
import re
from collections.abc import Callable
from typing import Protocol

from pantau_agent.clock import Clock
from pantau_agent.http.client import Client, StreamedResponse
from pantau_agent.http.jpeg_extent import SOI
from pantau_agent.sources.jpeg_counter import JpegCounter
from pantau_agent.sources.media_format import SNIFFED_BYTES, OtherFormatError, format_of
from pantau_agent.sources.mjpeg_feed import MjpegFeed
from pantau_agent.sources.still_feed import StillFeed
from pantau_agent.sources.target import Target
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.keyframe import Keyframe
from pantau_agent.streams.time_limit import attentive
from pantau_contract.words.evidence import Detail, detail

_STILLS = {"image/jpeg", "image/jpg", "image/pjpeg", "application/octet-stream", ""}
"""Media types of stills. A response of another type is read only if its bytes are those of a picture."""
_PART_BEGINS = re.compile(rb"\s*(?:--|Content-)", re.IGNORECASE)
"""How a multipart body begins, whatever the header declares."""


class Feed(Protocol):
    """A way to get pictures out of an HTTP response."""

    @property
    def idle(self) -> bool:
        """True if nothing is due from the camera now, so that its silence is no stall."""

    async def begin(self) -> None:
        """Prepare reading. Raises `LookError` if the response is unusable."""

    async def run(self) -> None:
        """Read until the pictures end, which raises `LookError`, or return after a single one."""


class HttpSource:
    """One session with a camera, over one connection at a time."""

    codec: str | None = "mjpeg"

    def __init__(self, target: Target, clock: Clock) -> None:
        self.started = 0.0
        self.connected = 0.0
        self.failure: Failure | None = None
        self.transport = "tls" if target.url.scheme == "https" else "tcp"
        self._monotonic = clock.monotonic
        self._time_limit = attentive(clock)
        self._client = Client(
            target.url,
            target.credentials,
            clock.monotonic,
            trusted=target.trusted,
            safeguards=target.safeguards,
        )
        self._jpegs = JpegCounter()
        self._feed: Feed | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def accepted(self) -> bool:
        """True if the camera has accepted the password."""
        return self._client.accepted

    async def open(self, timeout_s: float) -> None:
        """Send the request, and read the first picture if it is a still.

        Raises:
            LookError: the camera is not reached, or sends no pictures.
            OtherFormatError: it sends video in another format.
        """
        self.started = self._monotonic()
        try:
            async with self._time_limit(timeout_s):
                response = await self._client.get()
                self.connected = self._client.connected
                self._feed = await self._choose_feed(response, timeout_s)
                await self._feed.begin()
        except TimeoutError:
            failure = self._timed_out(timeout_s)
            await self.close()
            raise LookError(failure) from None
        except BaseException:
            await self.close()
            raise
        self._task = asyncio.create_task(self._run(response, self._feed, timeout_s))

    async def refresh(self) -> None:
        """Do nothing: what arrives is read as it comes."""

    async def wait(self) -> None:
        """Wait until the pictures end by themselves."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        """Close the connection."""
        try:
            if self._task is not None:
                self._task.cancel()
                await asyncio.wait({self._task})
        finally:
            await self._client.close()

    def counts(self) -> Counts:
        """Return the counts so far."""
        counts = self._jpegs.counts()
        if self._feed is not None and self._feed.idle:
            return counts._replace(last_packet=self._monotonic())
        return counts

    def clock(self) -> tuple[float, float] | None:
        """Return None: pictures carry no readable time, and a web server's clock may not be the camera's."""
        return None

    def remark(self) -> Detail:
        """Return what is odd about the pictures so far."""
        counts = self._jpegs.counts()
        if not counts.packets:
            return detail("opened_in_vain")
        return self._jpegs.problem

    def request_keyframe(self, deliver: Callable[[Keyframe], None]) -> None:
        """Have the next picture delivered to `deliver`, once."""
        self._jpegs.request_keyframe(deliver)

    async def _choose_feed(self, response: StreamedResponse, timeout_s: float) -> Feed:
        """Return the way to read the response. What its bytes are decides, wherever they can be told apart."""
        head = response.head
        if head.media_type.startswith("multipart/"):
            return self._mjpeg_feed(response)
        start = await response.peek(SNIFFED_BYTES)
        if (media_format := format_of(start)) is not None:
            raise OtherFormatError(media_format, self._client.url, self._client.cookies)
        is_jpeg = start.lstrip(b"\r\n").startswith(SOI)
        if _PART_BEGINS.match(start) or (is_jpeg and not response.parser.counted):
            return self._mjpeg_feed(response)
        if is_jpeg or head.media_type in _STILLS:
            return self._still_feed(response, timeout_s)
        other = detail("other_type", media_type=head.media_type[:60])
        raise LookError(Failure(Step.GET, Kind.NO_VIDEO, other))

    def _mjpeg_feed(self, response: StreamedResponse) -> MjpegFeed:
        return MjpegFeed(response, response.head.boundary, self._jpegs, self._monotonic)

    def _still_feed(self, response: StreamedResponse, timeout_s: float) -> StillFeed:
        return StillFeed(
            self._client, response, self._jpegs, self._monotonic, timeout_s, time_limit=self._time_limit
        )

    async def _run(self, response: StreamedResponse, feed: Feed, timeout_s: float) -> None:
        try:
            await feed.run()
            # The response was a single picture after all, so the camera is asked for the next one.
            stills = self._feed = self._still_feed(response, timeout_s)
            stills.continue_after()
            await stills.run()
        except LookError as error:
            self.failure = error.failure

    def _timed_out(self, timeout_s: float) -> Failure:
        step, seconds = self._client.step, f"{timeout_s:g}"
        if self._feed is not None:
            return Failure(Step.STREAM, Kind.NO_MEDIA, detail("no_whole_picture", seconds=seconds))
        return Failure(step, Kind.SILENT, detail("silent", step=step, seconds=seconds))
