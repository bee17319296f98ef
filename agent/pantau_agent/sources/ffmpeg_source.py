"""A camera's stream as a source, by RTMP or over HTTP: FFmpeg reads it, in a process that may hang or die."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import quote

import msgspec

from pantau_agent.clock import Clock
from pantau_agent.ffmpeg.exchange import (
    BEAT_S,
    MAX_MESSAGE,
    Done,
    Ended,
    Fetch,
    KeyframeRequest,
    More,
    Opened,
    Piece,
    Progress,
    ReaderMessage,
    Ready,
    RequestedKeyframe,
    Start,
    pack,
)
from pantau_agent.picture.exchange import LENGTH
from pantau_agent.sandbox import child
from pantau_agent.sources.fetcher import Fetcher
from pantau_agent.sources.media_format import MediaFormat
from pantau_agent.sources.target import Target
from pantau_agent.streams import tcp
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import Failure, Kind, LookError, MachineError, Step
from pantau_agent.streams.keyframe import Keyframe
from pantau_agent.streams.time_limit import attentive
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

COMMAND = (sys.executable, "-P", "-s", "-m", "pantau_agent.ffmpeg.reader")
"""Starts the reader."""
START_S = 30.0
"""Seconds for the reader to load its libraries."""
UNHEARD_S = 2.5 * BEAT_S
"""Seconds without a sign of life of the reader after which it does not get to run: no camera is to blame then."""
LOST_S = 60.0
"""Seconds without one after which it is given up."""
GRACE_S = 1.0
"""Seconds beyond FFmpeg's own deadline after which its process is ended."""


class FfmpegSource:
    """One session with a camera, in one process, which ends with it.

    A stream over HTTP is fetched here, and given to the process piece by piece; `cookies` is the value of a Cookie
    field that is sent along. Over RTMP FFmpeg connects itself: its login sends no password, only proofs of it.
    """

    def __init__(
        self,
        target: Target,
        clock: Clock,
        *,
        media_format: MediaFormat = MediaFormat.FLV,
        cookies: str = "",
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.codec: str | None = None
        self.started = self.connected = 0.0
        self.accepted = False
        self.failure: Failure | None = None
        self.transport = "tls" if target.url.scheme in {"https", "rtmps"} else "tcp"
        self._target = target
        self._url = target.url
        self._monotonic = clock.monotonic
        self._time_limit = attentive(clock)
        self._heard = 0.0
        self._format = media_format
        self._cookies = cookies
        self._address = ""
        self._command = command
        self._counts = Counts()
        self._remark = NO_DETAIL
        self._deliver: Callable[[Keyframe], None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._logging: asyncio.Task[None] | None = None
        self._fetcher: Fetcher | None = None
        self._ready = asyncio.Event()
        self._opened = asyncio.Event()

    async def open(self, timeout_s: float) -> None:
        """Start the reader and have it open the stream. Raises `LookError` or `MachineError`."""
        try:
            await self._start()
            self.started = self._monotonic()
            await self._check_reachable(timeout_s)
            self._send(pack(self._start_message(timeout_s)))
            await self._wait_for(self._opened, timeout_s + GRACE_S)
            self._must_be_open(timeout_s)
        except BaseException:
            await self.close()
            raise
        self.connected = self.connected or self._monotonic()
        over_http = self._fetcher is not None
        proved = self._fetcher.accepted if self._fetcher is not None else False
        self.accepted = self.accepted or proved or (not over_http and self._target.credentials is not None)

    async def refresh(self) -> None:
        """Check that the reader is alive, which reports what arrives. Raises `MachineError`."""
        if self.failure is None and self._unheard_s() > LOST_S:
            raise MachineError(detail("starved_reader", seconds=f"{LOST_S:g}"))

    async def wait(self) -> None:
        """Wait until the stream ends by itself."""
        if self._reading is not None:
            await asyncio.shield(self._reading)

    async def close(self) -> None:
        """End the reader, and with it the connection."""
        process, fetcher = self._process, self._fetcher
        self._kill()
        tasks = {task for task in (self._reading, self._logging) if task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if fetcher is not None:
            await fetcher.close()
        if process is not None:
            await process.wait()

    def counts(self) -> Counts:
        """Return the counts so far. While the reader does not get to run, the camera's silence does not grow."""
        counts, unheard_s = self._counts, self._unheard_s()
        if not counts.packets or unheard_s <= UNHEARD_S or self.failure is not None:
            return counts
        return counts._replace(
            last_packet=counts.last_packet + unheard_s,
            last_frame=counts.last_frame + unheard_s,
            last_keyframe=counts.last_keyframe + unheard_s if counts.keyframes else 0.0,
        )

    def clock(self) -> tuple[float, float] | None:
        """Return None: such streams count time from their own start."""
        return None

    def remark(self) -> Detail:
        """Return what is odd about the stream so far."""
        return self._remark

    def request_keyframe(self, deliver: Callable[[Keyframe], None]) -> None:
        """Have the next keyframe delivered to `deliver`, once."""
        self._deliver = deliver
        self._send(pack(KeyframeRequest()))

    async def _start(self) -> None:
        try:
            self._process = await child.start(self._command)
        except OSError as error:
            raise MachineError(detail("no_reader", said=error.strerror or error)) from None
        self._reading = asyncio.create_task(self._read(self._process))
        self._logging = asyncio.create_task(child.log_errors(self._process, "FFmpeg"))
        await self._wait_for(self._ready, START_S)
        if not self._ready.is_set():
            raise MachineError(detail("dead_reader"))

    async def _check_reachable(self, timeout_s: float) -> None:
        """Check what the errors of FFmpeg do not distinguish, before it connects. Raises `LookError`."""
        try:
            async with self._time_limit(timeout_s):
                found = await tcp.resolve(self._url.host, self._url.port)
        except TimeoutError:
            silent = detail("silent", step=Step.RESOLVE, seconds=f"{timeout_s:g}")
            raise LookError(Failure(Step.RESOLVE, Kind.SILENT, silent)) from None
        self._address = str(found[0][4][0])

    def _start_message(self, timeout_s: float) -> Start:
        """Return the message that begins the reading. The reader resolves no names; HTTP is fetched for it."""
        if self._url.scheme in {"http", "https"}:
            target = replace(self._target, url=self._url, trusted=self._target.trusted or self.accepted)
            self._fetcher = Fetcher(target, self._monotonic, self._cookies, self._deliver_piece, self._end_by)
            return Start(self._url.without_credentials, timeout_s, self._format, fetched=True)
        return Start(
            _url_with(self._target.credentials, replace(self._url, host=self._address)), timeout_s, self._format
        )

    def _deliver_piece(self, file: int, data: bytes, problem: Detail) -> None:
        self._send(pack(Piece(file, data, problem)))

    def _end_by(self, failure: Failure) -> None:
        self.failure = self.failure or failure
        self._kill()

    def _must_be_open(self, timeout_s: float) -> None:
        if self.failure is not None:
            raise LookError(self.failure)
        if not self._opened.is_set() and self._unheard_s() > UNHEARD_S:
            raise MachineError(detail("starved_reader", seconds=f"{self._unheard_s():.0f}"))
        if not self._opened.is_set():
            late = detail("no_stream", seconds=f"{timeout_s:g}")
            raise LookError(Failure(Step.PLAY, Kind.SILENT, late))

    async def _wait_for(self, event: asyncio.Event, timeout_s: float) -> None:
        """Wait until the event is set, the reader has ended, or the time is over."""
        assert self._reading is not None  # noqa: S101 # for the type checker: it started with the process
        waiting = asyncio.create_task(event.wait())
        try:
            both: set[asyncio.Task[object]] = {waiting, self._reading}
            await asyncio.wait(both, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Handle the reader's messages until it ends; `failure` is set then."""
        assert process.stdout is not None  # noqa: S101 # for the type checker: it was opened as a pipe
        decoder = msgspec.msgpack.Decoder(ReaderMessage)
        try:
            while self.failure is None:
                (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
                if length > MAX_MESSAGE:
                    break
                self._handle(decoder.decode(await process.stdout.readexactly(length)))
        except (asyncio.IncompleteReadError, msgspec.DecodeError, OSError):
            pass
        if self.failure is None:
            self.failure = Failure(Step.STREAM, Kind.CRASHED, detail("ffmpeg_died"))

    def _unheard_s(self) -> float:
        return max(0.0, self._monotonic() - self._heard) if self._heard else 0.0

    def _handle(self, message: ReaderMessage) -> None:
        self._heard = self._monotonic()
        match message:
            case Ready():
                self._ready.set()
            case Fetch(file, url) if self._fetcher is not None:
                self._fetcher.open(file, url)
            case More(file) if self._fetcher is not None:
                self._fetcher.more(file)
            case Done(file) if self._fetcher is not None:
                self._fetcher.done(file)
            case Opened(codec):
                self.codec = codec
                self._opened.set()
            case Progress(counts, remark):
                self._counts, self._remark = counts, remark
            case RequestedKeyframe(data, damaged):
                deliver, self._deliver = self._deliver, None
                if deliver is not None:
                    deliver(Keyframe(self.codec or "", data, damaged))
            case Ended(failure):
                self.failure = replace(failure, trusted=failure.trusted or self._target.trusted)

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _send(self, data: bytes) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it has died then, which `_read` notices
                self._process.stdin.write(data)


def _url_with(credentials: Credentials | None, url: StreamUrl) -> str:
    if credentials is None:
        return url.without_credentials
    scheme, _, rest = url.without_credentials.partition("://")
    user, password = (quote(text, safe="") for text in (credentials.user, credentials.password))
    return f"{scheme}://{user}:{password}@{rest}"
