"""An HTTP URL as a source: pictures, or video that FFmpeg reads (HTTP-FLV, HLS, MPEG-TS); the response decides."""

from collections.abc import Callable
from dataclasses import replace

from pantau_agent.clock import Clock
from pantau_agent.sources.ffmpeg_source import FfmpegSource
from pantau_agent.sources.hls_source import HlsSource
from pantau_agent.sources.http_source import HttpSource
from pantau_agent.sources.media_format import MediaFormat, OtherFormatError
from pantau_agent.sources.source import Source
from pantau_agent.sources.target import Target
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure
from pantau_agent.streams.keyframe import Keyframe
from pantau_contract.words.evidence import Detail

MIN_OPEN_S = 1.0
"""Seconds that FFmpeg has at least to open a stream, however late the response came."""


class WebSource:
    """One session with a camera. It asks for pictures, and turns to FFmpeg if it is sent video.

    FFmpeg makes a connection of its own, after the first one is closed.
    """

    def __init__(self, target: Target, clock: Clock) -> None:
        self._target = target
        self._clock = clock
        self._source: Source = HttpSource(target, clock)

    @property
    def codec(self) -> str | None:
        """h264, h265 or mjpeg; None while it is unknown."""
        return self._source.codec

    @property
    def transport(self) -> str:
        """Tcp or tls."""
        return self._source.transport

    @property
    def started(self) -> float:
        """When connecting began."""
        return self._source.started

    @property
    def connected(self) -> float:
        """When the connection was made."""
        return self._source.connected

    @property
    def accepted(self) -> bool:
        """True if the camera has accepted the password."""
        return self._source.accepted

    @property
    def failure(self) -> Failure | None:
        """Why the session ended by itself; None while it has not."""
        return self._source.failure

    async def open(self, timeout_s: float) -> None:
        """Start the stream. Raises `LookError` or `MachineError`."""
        begun = self._clock.monotonic()
        try:
            await self._source.open(timeout_s)
        except OtherFormatError as other:
            self._source = self._source_of(other)
            await self._source.open(max(MIN_OPEN_S, timeout_s - (self._clock.monotonic() - begun)))

    async def refresh(self) -> None:
        """Read all that has arrived."""
        await self._source.refresh()

    async def wait(self) -> None:
        """Wait until the stream ends by itself."""
        await self._source.wait()

    async def close(self) -> None:
        """End the session."""
        await self._source.close()

    def counts(self) -> Counts:
        """Return the counts so far."""
        return self._source.counts()

    def clock(self) -> tuple[float, float] | None:
        """Return None: none of these streams carries the time."""
        return self._source.clock()

    def remark(self) -> Detail:
        """Return what is odd about the stream so far."""
        return self._source.remark()

    def request_keyframe(self, deliver: Callable[[Keyframe], None]) -> None:
        """Have the next keyframe delivered to `deliver`, once."""
        self._source.request_keyframe(deliver)

    def _source_of(self, other: OtherFormatError) -> Source:
        trusted = self._target.trusted or self._source.accepted
        target = replace(self._target, trusted=trusted)
        if other.media_format is MediaFormat.HLS:
            return HlsSource(target, self._clock)  # it follows redirects and keeps cookies itself
        target = replace(target, url=other.url)
        return FfmpegSource(target, self._clock, media_format=other.media_format, cookies=other.cookies)
