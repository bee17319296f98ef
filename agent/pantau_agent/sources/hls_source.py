"""A camera's HLS stream as a source: FFmpeg reads the segments, and the playlist shows whether the stream goes on.

FFmpeg begins some segments back, as every player does, so that it never waits for the newest one. So what it reads
is old, and where the camera has stopped it can be fetched again and again: only a playlist that grows proves that
the camera is alive.
"""

import asyncio
from urllib.parse import urljoin

from pantau_agent.clock import Clock
from pantau_agent.http.client import Client
from pantau_agent.http.playlist import MAX_PLAYLIST, Playlist, parse
from pantau_agent.sources.ffmpeg_source import FfmpegSource
from pantau_agent.sources.media_format import MediaFormat
from pantau_agent.sources.target import Target
from pantau_agent.streams import url as stream_url
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.malformed import MalformedError
from pantau_contract.words.evidence import Detail, detail

STALL_TARGETS = 2.5
"""Target durations without a new segment after which the stream is stalled (RFC 8216, 6.2.1, allows 1.5)."""


class HlsSource(FfmpegSource):
    """One session with a camera. Counting starts once the playlist has grown."""

    def __init__(self, target: Target, clock: Clock) -> None:
        super().__init__(target, clock, media_format=MediaFormat.HLS)
        self._client = Client(
            target.url,
            target.credentials,
            clock.monotonic,
            trusted=target.trusted,
            safeguards=target.safeguards,
        )
        self._playlist: Playlist | None = None
        self._grown = 0.0
        self._follow_task: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End the reader and the playlist's connection."""
        task, self._follow_task = self._follow_task, None
        try:
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
            await super().close()
        finally:
            await self._client.close()

    def counts(self) -> Counts:
        """Return the counts since the stream was first seen to go on."""
        counts, now = super().counts(), self._monotonic()
        if self._playlist is None or not self._grown:
            return Counts()
        if now - self._grown > STALL_TARGETS * self._playlist.target_s:
            return counts._replace(last_packet=min(counts.last_packet, self._grown))
        return counts

    def remark(self) -> Detail:
        """Return what is odd about the stream so far."""
        return super().remark() if self._grown else detail("playlist_still")

    async def _check_reachable(self, timeout_s: float) -> None:
        try:
            async with self._time_limit(timeout_s):
                self._playlist = await self._fetch()
                if self._playlist.variant is not None:
                    self._playlist = await self._fetch_variant(self._playlist.variant)
        except TimeoutError:
            step = self._client.step
            silent = detail("silent", step=step, seconds=f"{timeout_s:g}")
            raise LookError(Failure(step, Kind.SILENT, silent)) from None
        self.connected, self.accepted = self._client.connected, self._client.accepted
        self._url, self._cookies = self._client.url, self._client.cookies
        if self._playlist.ended:
            raise LookError(Failure(Step.STREAM, Kind.NO_MEDIA, detail("playlist_ended")))
        if self._playlist.newest is None:
            raise LookError(Failure(Step.STREAM, Kind.NO_MEDIA, detail("playlist_empty")))
        self._follow_task = asyncio.create_task(self._follow(self._playlist, timeout_s))

    async def _follow(self, playlist: Playlist, timeout_s: float) -> None:
        """Read the playlist repeatedly until that fails; `failure` is set then."""
        try:
            while not playlist.ended:
                await asyncio.sleep(max(1.0, playlist.target_s / 2))
                async with self._time_limit(timeout_s):
                    before, playlist = playlist, await self._fetch()
                if playlist.newest not in {None, before.newest}:
                    self._grown = self._monotonic()
                self._playlist = playlist
            failure = Failure(Step.STREAM, Kind.CLOSED, detail("playlist_ended"))
        except TimeoutError:
            failure = Failure(Step.STREAM, Kind.SILENT, detail("playlist_late", seconds=f"{timeout_s:g}"))
        except LookError as error:
            failure = error.failure
        self.failure = self.failure or failure
        self._kill()

    async def _fetch(self) -> Playlist:
        response = await self._client.get()
        content = bytearray()
        while piece := await response.read():
            content += piece
            if len(content) > MAX_PLAYLIST:
                long = detail("playlist_long", octets=MAX_PLAYLIST)
                raise LookError(Failure(Step.GET, Kind.NO_VIDEO, long))
        try:
            return parse(bytes(content))
        except MalformedError as error:
            raise LookError(Failure(Step.GET, Kind.NO_VIDEO, error.detail)) from None

    async def _fetch_variant(self, uri: str) -> Playlist:
        """Return the playlist of the first variant stream."""
        try:
            url = stream_url.parse(urljoin(self._client.url.without_credentials, uri))
        except ValueError as error:
            unusable = detail("playlist_unusable", problem=error)
            raise LookError(Failure(Step.GET, Kind.NO_VIDEO, unusable)) from None
        if not self._client.may_turn_to(url):
            raise LookError(Failure(Step.GET, Kind.NO_VIDEO, detail("playlist_elsewhere")))
        await self._client.turn_to(url)
        return await self._fetch()
