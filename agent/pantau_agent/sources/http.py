"""A camera's pictures over HTTP as a source: an MJPEG stream or stills, told apart by what the camera answers."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from pantau_agent.clock import Clock
from pantau_agent.http.client import Client, Response
from pantau_agent.sources.jpegs import Jpegs
from pantau_agent.sources.mjpeg import MjpegFeed
from pantau_agent.sources.still import StillFeed
from pantau_agent.sources.target import Target
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.keyframe import Keyframe
from pantau_contract.words.evidence import Detail, detail

_STILLS = {"image/jpeg", "image/jpg", "image/pjpeg", "application/octet-stream", ""}
"""The last two are said by cameras that do not care; what comes is looked at before it is believed."""


class Feed(Protocol):
    """How pictures are had from an answer."""

    @property
    def idle(self) -> bool:
        """Whether nothing is due from the camera just now, so that its silence is no stall."""

    async def begin(self) -> None:
        """Raises `LookError` where it cannot be used."""

    async def run(self) -> None:
        """Reads until it ends, which is told as a `LookError`."""


class HttpSource:
    """One visit: one connection at a time."""

    codec: str | None = "mjpeg"

    def __init__(self, target: Target, clock: Clock) -> None:
        self.started = 0.0
        self.connected = 0.0
        self.failure: Failure | None = None
        self.transport = "tls" if target.url.scheme == "https" else "tcp"
        self._monotonic = clock.monotonic
        self._client = Client(target.url, target.credentials, clock.monotonic, trusted=target.trusted)
        self._jpegs = Jpegs()
        self._feed: Feed | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def accepted(self) -> bool:
        """Whether the camera has taken the password."""
        return self._client.accepted

    async def open(self, timeout_s: float) -> None:
        """Asks; of stills, the first one is had then. Raises `LookError`."""
        self.started = self._monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._client.get()
                self.connected = self._client.connected
                self._feed = self._feed_of(response, timeout_s)
                await self._feed.begin()
        except TimeoutError:
            failure = self._silence(timeout_s)
            await self.close()
            raise LookError(failure) from None
        except BaseException:
            await self.close()
            raise
        self._running = asyncio.create_task(self._run(self._feed))

    async def refresh(self) -> None:
        """What arrives is read as it comes."""

    async def wait(self) -> None:
        """Until it ends by itself."""
        if self._running is not None:
            await asyncio.shield(self._running)

    async def close(self) -> None:
        """Closes the connection: HTTP knows no other farewell."""
        try:
            if self._running is not None:
                self._running.cancel()
                await asyncio.wait({self._running})
        finally:
            await self._client.close()

    def counts(self) -> Counts:
        """What came so far."""
        counts = self._jpegs.counts()
        if self._feed is not None and self._feed.idle:
            return counts._replace(last_packet=self._monotonic())
        return counts

    def clock(self) -> tuple[float, float] | None:
        """None: pictures carry no time that can be read, and a web server's clock is not theirs for sure."""
        return None

    def remark(self) -> Detail:
        """What is odd about what came so far."""
        counts = self._jpegs.counts()
        if not counts.packets:
            return detail("opened_in_vain")
        return self._jpegs.problem

    def want(self, deliver: Callable[[Keyframe], None]) -> None:
        """The next picture goes to `deliver`, once."""
        self._jpegs.want(deliver)

    def _feed_of(self, response: Response, timeout_s: float) -> Feed:
        head = response.head
        if head.media_type.startswith("multipart/"):
            return MjpegFeed(response, head.boundary, self._jpegs, self._monotonic)
        if head.media_type in _STILLS:
            return StillFeed(self._client, response, self._jpegs, self._monotonic, timeout_s)
        other = detail("other_type", media_type=head.media_type[:60])
        raise LookError(Failure(Step.GET, Kind.NO_VIDEO, other))

    async def _run(self, feed: Feed) -> None:
        try:
            await feed.run()
        except LookError as error:
            self.failure = error.failure

    def _silence(self, timeout_s: float) -> Failure:
        step, seconds = self._client.step, f"{timeout_s:g}"
        if self._feed is not None:
            return Failure(Step.STREAM, Kind.NO_MEDIA, detail("no_whole_picture", seconds=seconds))
        return Failure(step, Kind.SILENT, detail("silent", step=step, seconds=seconds))
