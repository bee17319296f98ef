"""One RTSP session with one camera, from connecting to TEARDOWN (RFC 2326), over one connection."""

import asyncio
import contextlib
import functools
import re
from collections.abc import Callable
from dataclasses import replace

from pantau_agent.rtsp import sdp
from pantau_agent.rtsp.access_unit import KeyframeAssembler
from pantau_agent.rtsp.connection import Connector, RtspConnection, connect
from pantau_agent.rtsp.dialogue import Dialogue, must_be_ok
from pantau_agent.rtsp.jpeg import JpegAssembler
from pantau_agent.rtsp.keep_alive import SessionKeeper
from pantau_agent.rtsp.low_water_mark import LowWaterMark
from pantau_agent.rtsp.media_path import MediaPath, PathFinder
from pantau_agent.rtsp.messages import RtspResponse
from pantau_agent.rtsp.nal import H264Assembler, H265Assembler, NalAssembler
from pantau_agent.rtsp.receiver_report import ReceiverReports
from pantau_agent.rtsp.rtp import Reception, SenderClock
from pantau_agent.streams import url as rtsp_url
from pantau_agent.streams.authentication import Authenticator
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.keep_alive import KeepAlive
from pantau_agent.streams.safeguards import Safeguards
from pantau_agent.streams.time_limit import TimeLimit
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

MAX_REDIRECTS = 3
"""Most redirects that are followed."""
TEARDOWN_S = 1.0
"""Seconds to wait for the response to a TEARDOWN; the camera has received it in any case."""
ENDED_S = 2.0
"""Seconds without a packet after which a session that is closed has been ended by the camera."""
STRAY_PLACES = 10
"""Places with stray bytes from which on they are told: one or two are an accident."""
DEFAULT_SESSION_TIMEOUT_S = 60.0
"""Seconds after which a camera ends an idle session unless it states another time (RFC 2326, section 12.37)."""

_REDIRECTS = {301, 302, 303, 307, 308}
_INVALID_RANGE = 457
_SESSION = re.compile(r"\s*([^;\s]+)\s*(?:;.*?timeout\s*=\s*(\d{1,6}))?")


class RtspSession:
    """A session that `open` opens.

    `started`, `connected` and `playing` are monotonic times; 0 for not yet. After opening, `track`, `reception`,
    `unit`, `codec` and `sender_clock` describe the video. `trusted` says that the camera has accepted the same
    credentials before. What is learned about keeping its sessions alive is in `keep_alive`; `safeguards` say which
    login and which certificate are good enough. `time_limit` is what limits the time for opening it.
    """

    track: sdp.Track
    reception: Reception
    unit: KeyframeAssembler

    def __init__(
        self,
        url: StreamUrl,
        credentials: Credentials | None,
        monotonic: Callable[[], float],
        *,
        trusted: bool = False,
        keep_alive: KeepAlive | None = None,
        safeguards: Safeguards | None = None,
        connector: Connector | None = None,
        time_limit: TimeLimit = asyncio.timeout,
    ) -> None:
        self.codec: str | None = None
        self.sender_clock = SenderClock()
        self.started = self.connected = self.playing = 0.0
        self.timeout_s = DEFAULT_SESSION_TIMEOUT_S
        self._url = url
        self._control = self._uri = url.without_credentials
        self._safeguards = safeguards or Safeguards()
        self._authenticator = Authenticator(credentials, self._safeguards)
        self._monotonic = monotonic
        self._trusted = trusted
        self._connector = connector or functools.partial(connect, safeguards=self._safeguards)
        self._time_limit = time_limit
        self._step = Step.RESOLVE
        self._dialogue: Dialogue | None = None
        self._path: MediaPath | None = None
        self._low_water_mark = LowWaterMark()
        self._keep_alive = keep_alive or KeepAlive()
        self._keeper: SessionKeeper | None = None
        self._keeping_alive: asyncio.Task[None] | None = None
        self._reports: ReceiverReports | None = None

    @property
    def failure(self) -> Failure | None:
        """Why the session ended by itself; None while it has not."""
        return self._dialogue.connection.failure if self._dialogue is not None else None

    @property
    def transport(self) -> str:
        """How the packets come: tcp, tls, udp or multicast."""
        if self._path is not None:
            return self._path.transport
        return "tls" if self._url.scheme == "rtsps" else "tcp"

    @property
    def accepted(self) -> bool:
        """True if the camera has accepted the password."""
        return self._authenticator.accepted

    async def open(self, timeout_s: float) -> None:
        """Connect and play, all within `timeout_s`.

        Raises:
            LookError: the stream did not come to play. The session is closed then.
        """
        self.started = self._monotonic()
        try:
            async with self._time_limit(timeout_s):
                dialogue, description, public = await self._describe()
                await self._set_up(dialogue, description)
                self._step = Step.PLAY
                uri = description.control
                played = await dialogue.request("PLAY", uri, {"Range": "npt=0.000-"}, step=Step.PLAY)
                if played.status == _INVALID_RANGE:
                    played = await dialogue.request("PLAY", uri, step=Step.PLAY)
                must_be_ok(Step.PLAY, played)
        except TimeoutError:
            failure = self._timed_out(timeout_s)
            await self.close()
            raise LookError(failure) from None
        except BaseException:
            await self.close()
            raise
        self.playing = self._monotonic()
        self._step = Step.STREAM
        self._keeper = SessionKeeper(
            dialogue, self._control, self.timeout_s, public, self._keep_alive, self._monotonic
        )
        self._keeping_alive = asyncio.create_task(self._keeper.run())
        self._reports = ReceiverReports(self.reception, self.sender_clock, self.playing)

    async def refresh(self) -> None:
        """Read all that has arrived. From the first call on, which are about a second apart, reads are batched."""
        if self._dialogue is None:
            return
        report = self._reports.take_due(self._monotonic()) if self._reports is not None else None
        if report is not None and self._path is not None:
            self._path.send_control(report)
        if self.transport in {"udp", "multicast"}:
            return
        connection = self._dialogue.connection
        await connection.read_arrived()
        octets = self._low_water_mark.update(self._monotonic(), self.reception.octets)
        self.reception.set_exact_arrival(octets == 1)
        connection.set_low_water_mark(octets)

    def silence(self) -> Detail:
        """Return what explains that no packet comes; empty if nothing is known."""
        return self._path.silence() if self._path is not None else NO_DETAIL

    def stray(self) -> Detail:
        """Return that bytes come between the packets again and again; empty if they do not."""
        demultiplexer = self._dialogue.connection.demultiplexer if self._dialogue is not None else None
        if demultiplexer is None or demultiplexer.stray_places < STRAY_PLACES:
            return NO_DETAIL
        return detail("stray_bytes", count=demultiplexer.stray, places=demultiplexer.stray_places)

    def counts(self) -> Counts:
        """Return the counts so far. To be called about once a second."""
        self._follow_codec()
        return self.reception.snapshot()

    async def wait(self) -> None:
        """Wait until the session ends by itself."""
        if self._dialogue is not None:
            await asyncio.shield(self._dialogue.connection.ended)

    async def close(self) -> None:
        """End the session, with a TEARDOWN wherever the camera may hold one. May be called twice."""
        if self._keeping_alive is not None:
            self._keeping_alive.cancel()
        self._learn_from_end()
        if self._path is not None:
            self._path.close()
        dialogue = self._dialogue
        if dialogue is None or dialogue.connection.closed:
            return
        dialogue.connection.set_low_water_mark(1)
        try:
            with contextlib.suppress(LookError, TimeoutError):
                async with asyncio.timeout(TEARDOWN_S):
                    if self._step is Step.SETUP and not dialogue.session:
                        self._read_session(dialogue, await dialogue.response(Step.SETUP))
                    if dialogue.session:
                        dialogue.send("TEARDOWN", self._control)
                        await dialogue.response(Step.STREAM)
        finally:
            dialogue.connection.close()

    def _learn_from_end(self) -> None:
        """Learn from a session that the camera has ended: by closing the connection, or by sending no more."""
        if self._keeper is None or not self.reception.packets:
            return
        ended = self.failure is not None or self._monotonic() - self.reception.last_packet >= ENDED_S
        if ended:
            self._keeper.record_end(self.reception.last_packet)
        self._keeper = None

    async def _describe(self) -> tuple[Dialogue, sdp.Description, set[str]]:
        """Connect, follow redirects, and return the description and the methods that the camera supports."""
        for _ in range(MAX_REDIRECTS + 1):
            connection = await self._connect()
            dialogue = self._dialogue = Dialogue(connection, self._authenticator, trusted=self._trusted)
            self._step = Step.OPTIONS
            dialogue.send("OPTIONS", self._uri)
            options = await dialogue.response(Step.OPTIONS)  # any answer will do
            self._step = Step.DESCRIBE
            accept = {"Accept": "application/sdp"}
            response = await dialogue.request("DESCRIBE", self._uri, accept, step=Step.DESCRIBE)
            if response.status not in _REDIRECTS:
                public = {name.strip().upper() for name in options.headers.get("Public").split(",")} - {""}
                return dialogue, self._parse_description(must_be_ok(Step.DESCRIBE, response)), public
            peer = connection.peer()
            connection.close()
            self._redirect(response.headers.get("Location"), peer)
        on_and_on = detail("redirects_on", count=MAX_REDIRECTS)
        raise LookError(Failure(Step.DESCRIBE, Kind.STATUS, on_and_on, status=302))

    async def _connect(self) -> RtspConnection:
        def on_step(step: Step) -> None:
            self._step = step

        connection = await self._connector(self._url, self._monotonic, on_step)
        self.connected = self._monotonic()
        self._authenticator.channel = self._safeguards.channel(
            self._url.host, self._url.port, encrypted=self._url.scheme == "rtsps"
        )
        return connection

    def _redirect(self, location: str, peer: str) -> None:
        """Turn to where the camera redirects us, if that is the camera itself, and not out of TLS.

        Raises:
            LookError: it is not: the camera may not send us to other machines of the site.
        """
        try:
            url = rtsp_url.parse(sdp.with_host_of(self._uri, location))
        except rtsp_url.UrlError as error:
            nowhere = detail("redirects_nowhere", problem=error)
            raise LookError(Failure(Step.DESCRIBE, Kind.STATUS, nowhere, status=302)) from None
        if not url.scheme.startswith("rtsp"):
            out = detail("redirects_out", scheme=url.scheme)
            raise LookError(Failure(Step.DESCRIBE, Kind.STATUS, out, status=302))
        if url.host not in {self._url.host, peer} or (self._url.scheme == "rtsps" != url.scheme):
            away = detail("redirects_away", before=self._url, url=url)
            raise LookError(Failure(Step.DESCRIBE, Kind.STATUS, away, status=302))
        self._url = url
        self._control = self._uri = url.without_credentials

    def _parse_description(self, response: RtspResponse) -> sdp.Description:
        base = response.headers.get("Content-Base") or response.headers.get("Content-Location")
        if not base.lower().startswith(("rtsp://", "rtsps://")):
            base = self._uri
        base = sdp.with_one_port(base)
        try:
            description = sdp.parse(response.body, base)
        except sdp.SdpError as error:
            raise LookError(Failure(Step.DESCRIBE, Kind.NO_VIDEO, error.detail)) from None
        self._control = description.control
        return description

    async def _set_up(self, dialogue: Dialogue, description: sdp.Description) -> None:
        """SETUP the video."""
        track = description.video()
        if track is None:
            offered = ", ".join(description.encodings()[:8]) or detail("nothing")
            raise LookError(Failure(Step.DESCRIBE, Kind.NO_VIDEO, detail("offers", offered=offered, jpeg="JPEG")))
        self._step = Step.SETUP
        self.track = track
        self.unit = _assembler(track)
        self.codec = self.unit.codec
        self.reception = Reception(track.payload_type, track.clock_rate, self.unit)
        finder = PathFinder(
            dialogue, track, self.reception, self.sender_clock, self._monotonic, tls=self._url.scheme == "rtsps"
        )
        self._path, response = await finder.set_up()
        self._read_session(dialogue, response)

    def _follow_codec(self) -> None:
        """Follow a camera that sends another codec than it has announced."""
        found = self.unit.found_codec if isinstance(self.unit, NalAssembler) else ""
        if found and found != self.unit.codec:
            self.track = replace(self.track, encoding=found.upper())
            unit = _assembler(self.track)
            unit.take_over(self.unit)
            self.unit = self.reception.unit = unit
            self.codec = found

    def _read_session(self, dialogue: Dialogue, response: RtspResponse) -> None:
        match = _SESSION.match(response.headers.get("Session"))
        if match is not None:
            dialogue.session = match[1]
            self.timeout_s = float(match[2] or 0) or DEFAULT_SESSION_TIMEOUT_S

    def _timed_out(self, timeout_s: float) -> Failure:
        """Return the failure of a timeout; bytes that are no response are distinguished from silence."""
        step = self._step
        dialogue = self._dialogue
        if dialogue is not None and dialogue.connection.demultiplexer.waiting:
            waiting = dialogue.connection.demultiplexer.waiting
            half = detail("half_answered", step=step, seconds=f"{timeout_s:g}", count=waiting)
            spoken = dialogue.connection.demultiplexer.messages
            if spoken:
                return Failure(step, Kind.SILENT, half)
            return Failure(step, Kind.WRONG_PROTOCOL, detail("malformed", protocol="RTSP", problem=half))
        return Failure(step, Kind.SILENT, detail("silent", step=step, seconds=f"{timeout_s:g}"))


def _assembler(track: sdp.Track) -> KeyframeAssembler:
    if track.codec == "mjpeg":
        return JpegAssembler(track.picture_size)
    if track.codec == "h265":
        return H265Assembler(track.parameter_sets, has_order=track.has_order_numbers)
    return H264Assembler(track.parameter_sets)
