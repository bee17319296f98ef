"""The agent watching a scripted camera in virtual time, with its own client and assessment, without a network."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

from fuzzing.odd_camera import OddCamera, respond
from pantau_agent.assessment.assess import Limits
from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.picture_sampler import PictureSampler
from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.picture.decoder import Decoder, JudgedPicture
from pantau_agent.picture.worker import UndecodableError, decode
from pantau_agent.rtsp.client import RtspSession
from pantau_agent.rtsp.connection import RtspConnection
from pantau_agent.sources.rtsp_source import RtspSource
from pantau_agent.sources.target import Target
from pantau_agent.streams import url as stream_url
from pantau_agent.streams.failure import LookError, Step
from pantau_agent.streams.keyframe import Keyframe
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
"""Turns of the event loop that let finished tasks report."""


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


class _Transport:
    """Passes requests to a scripted camera, and its responses to the connection."""

    def __init__(self, camera: OddCamera, connection: RtspConnection) -> None:
        self._camera = camera
        self._connection = connection
        self._closed = False

    def write(self, request: bytes) -> None:
        self._connection.data_received(respond(self._camera, request))

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True

    abort = close

    def get_extra_info(self, _: str) -> tuple[str, int]:
        return "192.0.2.1", 554


class _InlineDecoder:
    """Decodes in this process, without judging the view."""

    async def judge(self, _: str, keyframe: Keyframe, **__: object) -> JudgedPicture:
        try:
            picture = decode(keyframe.codec, keyframe.data)[0]
        except UndecodableError as error:
            return JudgedPicture(None, error=error.error, detail=error.detail)
        return JudgedPicture(None, b"jpeg", picture.shape[1], picture.shape[0])


async def watch(camera: OddCamera) -> list[State]:
    """Return the camera's state after each second of its stream."""
    clock = VirtualClock()
    ours, _unused = socket.socketpair()
    made: list[RtspConnection] = []

    async def connector(
        _: StreamUrl, monotonic: Callable[[], float], on_step: Callable[[Step], None]
    ) -> RtspConnection:
        on_step(Step.CONNECT)
        connection = RtspConnection(ours, monotonic)
        connection.connection_made(cast("asyncio.Transport", _Transport(camera, connection)))
        made.append(connection)
        return connection

    source = RtspSource(Target(stream_url.parse(URL)), clock)
    session: Any = RtspSession(stream_url.parse(URL), None, clock.monotonic, connector=connector)
    source._session = session  # noqa: SLF001 # the source makes its own, which would connect
    sampler = PictureSampler("camera", cast("Decoder", _InlineDecoder()), 30.0, WakeUp())
    observer = Observer("camera", clock, sampler, CameraMemory(), Limits(WAIT_S), lambda: True)
    states: list[State] = []
    with ours, _unused:
        try:
            try:
                await source.open(TIMEOUT_S)
            except LookError as error:
                observer.assess_failure(error.failure)
                return [observer.conclude().sample.state]
            opened = clock.now
            for number, data in enumerate(camera.pictures(), 1):
                clock.now = opened + number / FPS
                if made[-1].failure is None and data:
                    made[-1].data_received(data)
                if number % FPS == 0:
                    states.append(await _observe(observer, source, opened))
        finally:
            await sampler.end_session()
            await source.close()
    return states


async def _observe(observer: Observer, source: RtspSource, opened: float) -> State:
    await source.refresh()
    if source.failure is not None:
        observer.assess_failure(source.failure, source.counts().last_packet)
        return observer.conclude().sample.state
    observer.assess_stream(source, opened)
    for _ in range(TURNS):
        await asyncio.sleep(0)
    return observer.conclude().sample.state
