"""One client's connection: it answers requests and owns the client's sessions."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import cast
from urllib.parse import unquote

from pantau_simcam.camera import Camera
from pantau_simcam.faults import ENDS_SESSIONS, Fault
from pantau_simcam.footage.library import Library
from pantau_simcam.pacer import Pacer
from pantau_simcam.rtsp.audio import AudioStream
from pantau_simcam.rtsp.authentication import Authenticator
from pantau_simcam.rtsp.carriers import Carrier, InterleavedCarrier, UdpCarrier, UdpPorts
from pantau_simcam.rtsp.requests import BadRequestError, Request, RequestParser
from pantau_simcam.rtsp.responses import RtspError, response
from pantau_simcam.rtsp.sdp import AUDIO, TRACKS, VIDEO, describe
from pantau_simcam.rtsp.session import Session
from pantau_simcam.rtsp.video import VideoStream

METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN")
GARBAGE = bytes(range(0x80, 0x100)) + b"\r\n\r\n"

_FIXED_RESPONSES: dict[Fault | None, bytes] = {Fault.REFUSE: b"", Fault.SILENT: b"", Fault.GARBAGE: GARBAGE}
"""Responses of some faults to every request."""
_PROTOCOLS = {"RTP/AVP/TCP": "tcp", "RTP/AVP": "udp", "RTP/AVP/UDP": "udp"}

Find = Callable[[str], Camera | None]
"""Returns the camera at a path of this port, or None."""


class Connection(asyncio.Protocol):
    """Answers requests as RFC 2326 requires, or as the camera's fault does."""

    def __init__(
        self, find: Find, library: Library, pacer: Pacer, ports: UdpPorts, connections: set["Connection"]
    ) -> None:
        self._find = find
        self._library = library
        self._pacer = pacer
        self._ports = ports
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser()
        self._requests: deque[Request] = deque()
        self._answering: asyncio.Task[None] | None = None
        self._sessions: dict[str, Session] = {}
        self._authenticator: Authenticator | None = None
        self.camera: Camera | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection of a new client."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 # asyncio's signature
        """End the client's sessions with its connection, as cameras do."""
        self._connections.discard(self)
        if self._answering is not None:
            self._answering.cancel()
        for session in self._sessions.values():
            session.camera.counts.abandoned += 1
            session.end()
        self._sessions.clear()

    def data_received(self, data: bytes) -> None:
        """Answer requests; interleaved RTCP is ignored."""
        try:
            self._requests.extend(self._parser.feed(data))
        except BadRequestError:
            garbage = self.camera is not None and self.camera.fault is Fault.GARBAGE
            self._transport.write(GARBAGE if garbage else response(None, 400))
            self._transport.close()
        if self._requests and self._answering is None:
            self._answering = asyncio.create_task(self._answer_all())

    def apply_fault(self, camera: Camera, fault: Fault) -> None:
        """Apply the immediate effect of a fault on a connection to its camera."""
        if camera is not self.camera:
            return
        if fault in ENDS_SESSIONS:
            self.end()
        elif fault is Fault.RESTART:
            for session in self._sessions.values():
                session.restart()
        elif fault is Fault.GARBAGE:
            self._transport.write(GARBAGE)

    def expire(self, now: float) -> None:
        """End sessions without a request for the timeout."""
        for session in list(self._sessions.values()):
            if now - session.touched > session.camera.spec.session_timeout_s:
                session.camera.counts.expired += 1
                session.end(goodbye=True)
                del self._sessions[session.id]
                self._transport.close()

    def end(self) -> None:
        """Close the connection immediately."""
        for session in self._sessions.values():
            session.camera.counts.ended += 1
            session.end()
        self._sessions.clear()
        self._transport.abort()

    async def _answer_all(self) -> None:
        try:
            while self._requests:
                answer = await self._answer(self._requests.popleft())
                if answer:
                    self._transport.write(answer)
        finally:
            self._answering = None

    async def _answer(self, request: Request) -> bytes:
        path, track = _path(request.url)
        camera = self._find(path)
        self.camera = camera or self.camera
        fault = camera.fault if camera else None
        if fault is Fault.REFUSE:
            self.end()
        if fault in _FIXED_RESPONSES:
            return _FIXED_RESPONSES[fault]
        try:
            if request.method == "OPTIONS":
                self._touch(request)
                return response(request, 200, [("Public", ", ".join(METHODS))])
            if camera is None:
                return response(request, 404)
            self._admit(camera, request)
            return await self._execute(camera, request, track)
        except RtspError as error:
            return response(request, error.status, error.headers)

    def _admit(self, camera: Camera, request: Request) -> None:
        spec, barred = camera.spec, camera.fault is Fault.UNAUTHORIZED
        if not spec.user and not barred:
            return
        if self._authenticator is None:
            self._authenticator = Authenticator(spec.user, spec.password, spec.authentication)
        now = self._loop.time()
        if camera.is_locked(now):
            raise RtspError(403)
        accepted = not barred and self._authenticator.accepts(request)
        if "authorization" in request.headers:
            camera.record_login(now, accepted=accepted)
        if not accepted:
            raise RtspError(401, self._authenticator.challenges())

    async def _execute(self, camera: Camera, request: Request, track: str) -> bytes:
        if request.method not in METHODS or request.method in camera.spec.rejects:
            raise RtspError(405, [("Allow", ", ".join(METHODS))])
        if camera.fault is Fault.NOT_FOUND:
            raise RtspError(404)
        match request.method:
            case "DESCRIBE":
                return await self._describe(camera, request)
            case "SETUP":
                return self._setup(camera, request, track)
            case _:
                return self._within_session(request)

    async def _describe(self, camera: Camera, request: Request) -> bytes:
        footage = await self._library.get(camera.usual_take)
        base = request.url if request.url.endswith("/") else request.url + "/"
        headers = [("Content-Type", "application/sdp"), ("Content-Base", base)]
        return response(request, 200, headers, describe(footage, camera.spec.id, audio=camera.spec.audio))

    def _setup(self, camera: Camera, request: Request, track: str) -> bytes:
        session = self._touch(request)
        if session is None and request.session:
            raise RtspError(454)
        if not track:
            raise RtspError(459)
        if track == AUDIO and not camera.spec.audio:
            raise RtspError(404)
        if session is not None and (session.playing or track in session.streams):
            raise RtspError(455)
        limit = camera.spec.max_sessions
        full = camera.fault is Fault.FULL or (limit is not None and camera.counts.open >= limit)
        if session is None and full:
            raise RtspError(453)
        carrier, transport = self._carrier(camera, request.headers.get("transport", ""))
        now = self._loop.time()
        session = session or Session(camera, now=now)
        self._sessions[session.id] = session
        stream = (
            VideoStream(camera, carrier, self._library, now=now)
            if track == VIDEO
            else AudioStream(camera, carrier, now=now)
        )
        session.streams[track] = stream
        camera.counts.audio += track == AUDIO
        return response(
            request, 200, [("Transport", f"{transport};ssrc={stream.numbers.ssrc:08X}"), _session(session)]
        )

    def _carrier(self, camera: Camera, offers: str) -> tuple[Carrier, str]:
        """Return the first offered transport (RFC 2326, 12.39) that the camera accepts, and its header."""
        for offer in offers.split(","):
            protocol, *parameters = (part.strip() for part in offer.split(";"))
            kind = _PROTOCOLS.get(protocol.upper(), "")
            if kind not in camera.spec.transports or "multicast" in parameters:
                continue
            name, limit = ("interleaved", 1 << 8) if kind == "tcp" else ("client_port", 1 << 16)
            found = re.search(rf"\b{name}=(\d{{1,5}})(?:-(\d{{1,5}}))?", ";".join(parameters))
            if found is None and kind == "udp":
                continue
            first = int(found[1]) if found else 0
            second = int(found[2] or first + 1) if found else 1
            if max(first, second) >= limit:
                continue
            if kind == "tcp":
                return InterleavedCarrier(
                    self._transport, first, second
                ), f"RTP/AVP/TCP;unicast;interleaved={first}-{second}"
            rtp, rtcp = self._ports.numbers
            host = self._transport.get_extra_info("peername")[0]
            answer = f"RTP/AVP;unicast;client_port={first}-{second};server_port={rtp}-{rtcp}"
            return UdpCarrier(self._ports, host, first, second), answer
        raise RtspError(461)

    def _within_session(self, request: Request) -> bytes:
        session = self._touch(request)
        if session is None:
            if request.method.endswith("_PARAMETER") and not request.session:
                return response(request, 200)
            raise RtspError(454)
        headers = [_session(session)]
        match request.method:
            case "PLAY" if not session.playing:
                now = self._loop.time()
                url = _without_track(request.url.rstrip("/"))[0]
                infos = [
                    f"url={url}/{track};seq={stream.numbers.sequence};rtptime={stream.numbers.timestamp(now)}"
                    for track, stream in session.streams.items()
                ]
                headers += [("Range", "npt=now-"), ("RTP-Info", ",".join(infos))]
                session.play(now)
                for stream in session.streams.values():
                    self._pacer.add(stream.step, now)
            case "TEARDOWN":
                del self._sessions[session.id]
                session.camera.counts.teardowns += 1
                session.end(goodbye=True)
        return response(request, 200, headers)

    def _touch(self, request: Request) -> Session | None:
        session = self._sessions.get(request.session)
        if session is not None:
            session.touched = self._loop.time()
        return session


def _path(url: str) -> tuple[str, str]:
    """Split a request's URL into the camera's path and the track, which is empty for all tracks."""
    path, track = _without_track(re.sub(r"^rtsps?://[^/?]*", "", unquote(url), flags=re.IGNORECASE))
    return path.rstrip("/"), track


def _without_track(url: str) -> tuple[str, str]:
    base, _, track = url.rpartition("/")
    return (base, track) if track in TRACKS else (url, "")


def _session(session: Session) -> tuple[str, str]:
    return "Session", f"{session.id};timeout={session.camera.spec.session_timeout_s:g}"
