"""The agent watching a scripted camera in virtual time, with its own clients and assessment.

RTSP comes without a network; HTTP over loopback, because its client reads a real socket.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol, cast
from unittest import mock

from fuzzing.odd_camera import PICTURES, OddCamera
from fuzzing.odd_dialogue import PASSWORD, USER, OddDialogue
from fuzzing.odd_multipart import OddMultipart
from fuzzing.odd_packets import RTP, pictures
from pantau_agent.assessment.assess import Limits
from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.picture_sampler import PictureSampler
from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.picture.decoder import Decoder, JudgedPicture
from pantau_agent.picture.worker import UndecodableError, decode
from pantau_agent.rtsp import media_path
from pantau_agent.rtsp.client import RtspSession
from pantau_agent.rtsp.connection import RtspConnection
from pantau_agent.rtsp.messages import Receiver
from pantau_agent.rtsp.reorder import ReorderBuffer
from pantau_agent.sources.rtsp_source import RtspSource
from pantau_agent.sources.source import Source
from pantau_agent.sources.target import Target
from pantau_agent.sources.web_source import WebSource
from pantau_agent.streams import url as stream_url
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import LookError, Step
from pantau_agent.streams.keyframe import Keyframe
from pantau_agent.streams.safeguards import Safeguards
from pantau_agent.streams.url import StreamUrl
from pantau_agent.watching.observer import Observer
from pantau_contract.states import State
from tests.agent.rtsp.footage import FPS

URL = "rtsp://192.0.2.1/camera"
"""The camera's address, to which nothing connects."""
TIMEOUT_S = 60.0
"""Seconds for the opening of a session, in real time: answers come at once."""
WAIT_S = 8.0
"""Virtual seconds for the first packet and keyframe: less than the stream lasts, so that a verdict is due."""
TURNS = 6
"""Turns of the event loop that let finished tasks report, and what was sent over loopback arrive."""


class VirtualClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the virtual seconds."""
        return self.now

    def lost_since(self, _since: float) -> float:
        """Return 0: the agent is never held up."""
        return 0.0

    def time_ms(self) -> int:
        """Return the virtual time as UTC."""
        return 1_800_000_000_000 + int(self.now * 1000)


class Playing(Protocol):
    """A camera that is being played."""

    @property
    def source(self) -> Source:
        """What the agent reads it by."""

    async def send(self, number: int) -> None:
        """Send a picture, unless the session has ended."""


async def watch(camera: OddCamera) -> list[State]:
    """Return the camera's state after each second of its stream."""
    clock = VirtualClock()
    sampler = PictureSampler("camera", cast("Decoder", _InlineDecoder()), 30.0, WakeUp())
    observer = Observer("camera", clock, sampler, CameraMemory(), Limits(WAIT_S), lambda: True)
    play = _playing_http if camera.carriage == "multipart" else _playing_rtsp
    states: list[State] = []
    async with play(camera, clock) as playing:
        try:
            try:
                await playing.source.open(TIMEOUT_S)
            except LookError as error:
                observer.assess_failure(error.failure)
                return [observer.conclude().sample.state]
            opened = clock.now
            for number in range(PICTURES):
                clock.now = opened + (number + 1) / FPS
                await playing.send(number)
                if (number + 1) % FPS == 0:
                    states.append(await _observe(observer, playing.source, opened))
        finally:
            await sampler.end_session()
            await playing.source.close()
    return states


class _InlineDecoder:
    """Decodes in this process, without judging the view."""

    async def judge(self, _: str, keyframe: Keyframe, **__: object) -> JudgedPicture:
        try:
            picture = decode(keyframe.codec, keyframe.data)[0]
        except UndecodableError as error:
            return JudgedPicture(None, error=error.error, detail=error.detail)
        return JudgedPicture(None, b"jpeg", picture.shape[1], picture.shape[0])


async def _observe(observer: Observer, source: Source, opened: float) -> State:
    await source.refresh()
    if source.failure is not None:
        observer.assess_failure(source.failure, source.counts().last_packet)
        return observer.conclude().sample.state
    observer.assess_stream(source, opened)
    await _turns()
    return observer.conclude().sample.state


async def _turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


def _target(camera: OddCamera, url: str) -> Target:
    """Return what the agent is configured with; a camera with Basic alone is allowed to have it."""
    return Target(
        stream_url.parse(url),
        Credentials(USER, PASSWORD) if camera.how("login") else None,
        safeguards=Safeguards(allow_basic=camera.has("login", "basic")),
    )


class _PlayingRtsp:
    """A camera behind a connection that only looks like one, or a pair of ports that are not open."""

    def __init__(self, camera: OddCamera, clock: VirtualClock, unread: socket.socket) -> None:
        self._sent = pictures(camera)
        self._camera = camera
        self._clock = clock
        self._unread = unread
        self._dialogue = OddDialogue(camera, self._sent)
        self._connection: RtspConnection | None = None
        self._media: ReorderBuffer | None = None
        self._control: Receiver | None = None
        target = _target(camera, URL)
        self.source = RtspSource(target, clock)
        session: Any = RtspSession(
            target.url,
            target.credentials,
            clock.monotonic,
            safeguards=target.safeguards,
            connector=self._connect,
        )
        self.source._session = session  # noqa: SLF001 # the source makes its own, which would connect

    async def send(self, number: int) -> None:
        assert self._connection is not None
        if self._connection.failure is not None:
            return
        if self._media is not None and self._control is not None:
            for kind, packet in self._sent[number]:
                receive = self._media.receive if kind == RTP else self._control
                receive(packet, 0, len(packet), self._clock.now)
            self._media.release(self._clock.now)
        elif number >= self._dialogue.first and (data := self._dialogue.frames(number)):
            self._connection.data_received(data)

    async def open_pair(
        self, _local: str, _family: int, _sender: str, media: ReorderBuffer, control: Receiver, *_: object
    ) -> "_Ports":
        """Stand for `udp.open_pair`."""
        self._media, self._control = media, control
        return _Ports()

    async def _connect(
        self, _: StreamUrl, monotonic: Callable[[], float], on_step: Callable[[Step], None]
    ) -> RtspConnection:
        on_step(Step.CONNECT)
        self._dialogue = OddDialogue(self._camera, self._sent)
        self._connection = RtspConnection(self._unread, monotonic)
        transport = _Transport(self._dialogue, self._connection)
        self._connection.connection_made(cast("asyncio.Transport", transport))
        return self._connection


class _Ports:
    port = 30_000

    def accept_from(self, _: str) -> None:
        """Do nothing: datagrams come from nowhere."""

    def send_control(self, _: bytes, __: tuple[str, int]) -> None:
        """Do nothing: the camera reads no reports."""

    def close(self) -> None:
        """Do nothing."""


class _Transport:
    """Passes requests to a scripted camera, and its responses to the connection."""

    def __init__(self, dialogue: OddDialogue, connection: RtspConnection) -> None:
        self._dialogue = dialogue
        self._connection = connection
        self._closed = False

    def write(self, request: bytes) -> None:
        if not request.startswith((b"RTSP", b"$")):  # answers to the camera's own requests, and reports
            self._connection.data_received(self._dialogue.respond(request))

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True

    abort = close

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str) -> tuple[str, int] | None:
        return ("192.0.2.1", 554) if name in {"peername", "sockname"} else None


@contextlib.asynccontextmanager
async def _playing_rtsp(camera: OddCamera, clock: VirtualClock) -> AsyncIterator[Playing]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        playing = _PlayingRtsp(camera, clock, ours)
        with mock.patch.object(media_path, "open_pair", playing.open_pair):
            yield playing


class _PlayingHttp:
    """A camera behind a real connection over loopback."""

    def __init__(self, camera: OddCamera, clock: VirtualClock, port: int) -> None:
        self.writer: asyncio.StreamWriter | None = None
        self.dialogue = OddMultipart(camera)
        self.source = WebSource(_target(camera, f"http://127.0.0.1:{port}/camera"), clock)

    async def send(self, number: int) -> None:
        if self.writer is not None and number > 0:
            self.writer.write(self.dialogue.frames(number))
            await _turns()


@contextlib.asynccontextmanager
async def _playing_http(camera: OddCamera, clock: VirtualClock) -> AsyncIterator[Playing]:
    playing: list[_PlayingHttp] = []

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                dialogue, playing[0].writer = playing[0].dialogue, writer
                writer.write(dialogue.respond(request))
                if dialogue.playing:  # a client waits for the first picture, to see what it is sent
                    writer.write(dialogue.frames(0))
        writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    async with server:
        playing.append(_PlayingHttp(camera, clock, server.sockets[0].getsockname()[1]))
        yield playing[0]
