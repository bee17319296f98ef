"""A day with 64 cameras and random faults, in seconds; only network, pictures and time are simulated."""

import asyncio
import contextvars
import gc
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.clock import Clock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder, JudgedPicture
from pantau_agent.picture.verdict import Verdict
from pantau_agent.sources import registry
from pantau_agent.sources.target import Target
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.keyframe import Keyframe
from pantau_agent.watching import watch as watch_module
from pantau_agent.watching.watch import watch
from pantau_contract.states import Cause, State
from pantau_contract.words.evidence import Detail
from tests.agent.virtual_time import VirtualLoop

CAMERAS, DAY_S = 64, 24 * 3600
QUIET_S = 60.0
"""Seconds between two observations while nothing happens to a camera, so the test does not take hours."""
BUSY_S = 30.0
"""Seconds after an event during which a camera is observed each second, as in reality."""
REPORTED_WITHIN_S, NAMED_WITHIN_S, OVER_WITHIN_S = 5.0, 30.0, 90.0

CUT = Failure(Step.STREAM, Kind.CLOSED, Detail("it closed the connection"))
TRUE: dict[Cause, Failure | None] = {
    Cause.STALLED: None,
    Cause.REFUSED: Failure(Step.CONNECT, Kind.OS_ERROR, Detail("refused"), errno=111),
    Cause.UNREACHABLE: Failure(Step.CONNECT, Kind.SILENT, Detail("no answer")),
    Cause.NOT_FOUND: Failure(Step.DESCRIBE, Kind.STATUS, Detail("404"), status=404),
    Cause.SESSIONS_FULL: Failure(Step.SETUP, Kind.STATUS, Detail("453"), status=453),
    Cause.WRONG_PROTOCOL: Failure(Step.OPTIONS, Kind.WRONG_PROTOCOL, Detail("garbage")),
}
"""Faults that are outages, and how each attempt fails then; None: the camera plays and sends nothing."""
HARMLESS = {"dropped": 0.0, "pause": 2.0, "half the rate": 600.0}
"""Events that are no outage, and how many seconds they last."""
KEEPS_THE_CONNECTION = {Cause.STALLED, Cause.UNREACHABLE, "pause", "half the rate"}


@dataclass(frozen=True)
class Fault:
    kind: Cause | str
    start: float
    end: float


class Camera:
    """One camera: its faults of the day, its sessions, and the changes that were reported."""

    def __init__(self, number: int, rng: random.Random) -> None:
        self.id = f"cam{number}"
        self.faults: list[Fault] = []
        self.reported: list[tuple[float, State, Cause | None]] = []
        self.fault: Fault | None = None
        self.session: Session | None = None
        self.open = self.highest = self.sessions = 0
        self.eventful: list[float] = []
        at = 1_000 + rng.uniform(300, 7200)
        while at < 1_000 + DAY_S - 1800:
            kind = rng.choice([*TRUE, *HARMLESS])
            end = at + (HARMLESS[kind] if kind in HARMLESS else rng.uniform(20, 900))
            self.faults.append(Fault(kind, at, end))
            at = end + rng.uniform(180, 7200)
        self.eventful = sorted(time for fault in self.faults for time in (fault.start, fault.end))

    @property
    def rate(self) -> float:
        """Its packet rate; 1 is the usual one."""
        kind = self.fault.kind if self.fault else None
        return {None: 1.0, "half the rate": 0.5}.get(kind, 0.0)

    async def live(self) -> None:
        """Go through the faults of the day."""
        loop = asyncio.get_running_loop()
        for fault in self.faults:
            await asyncio.sleep(fault.start - loop.time())
            self._set(fault)
            await asyncio.sleep(fault.end - loop.time())
            self._set(None)

    def _set(self, fault: Fault | None) -> None:
        if self.session is not None:
            self.session.counts()  # counts up to now, at the old rate
            if fault is not None and fault.kind not in KEEPS_THE_CONNECTION:
                self.session.cut()
        self.fault = fault

    def pause_s(self, now: float) -> float:
        """Return the seconds until the next observation is worthwhile."""
        if any(0 <= now - time < BUSY_S for time in self.eventful):
            return watch_module.OBSERVE_INTERVAL_S
        coming = min((time - now for time in self.eventful if time > now), default=QUIET_S)
        return min(QUIET_S, max(watch_module.OBSERVE_INTERVAL_S, coming - 2 * watch_module.OBSERVE_INTERVAL_S))


class Session:
    """One session with a camera, as `sources.source.Source` defines it."""

    codec, transport, accepted = "h264", "tcp", True

    def __init__(self, camera: Camera) -> None:
        self.failure: Failure | None = None
        self.started = self.connected = 0.0
        self._camera = camera
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._media_s = self._frames = self._last = self._at = 0.0

    async def open(self, timeout_s: float) -> None:
        camera, self.started = self._camera, self._loop.time()
        camera.open, camera.sessions = camera.open + 1, camera.sessions + 1
        camera.highest = max(camera.highest, camera.open)
        camera.session = self
        await asyncio.sleep(0.05)
        failure = TRUE.get(Cause(camera.fault.kind)) if camera.fault and camera.fault.kind in TRUE else None
        if failure is not None:
            await asyncio.sleep(timeout_s if failure.kind is Kind.SILENT else 0)
            raise LookError(failure)
        self.connected = self._at = self._loop.time()

    async def refresh(self) -> None:
        """There is nothing to read."""

    async def wait(self) -> None:
        await asyncio.shield(self._ended)

    async def close(self) -> None:
        if self._camera.session is self:
            self._camera.session = None
            self._camera.open -= 1

    def cut(self) -> None:
        self.failure = CUT
        if not self._ended.done():
            self._ended.set_result(None)

    def counts(self) -> Counts:
        now, rate = self._loop.time(), self._camera.rate
        if rate and self._at and self.failure is None:
            self._media_s += (now - self._at) * rate
            self._last = now
        self._at = now
        media_s = self._media_s
        keys = int(media_s / 2) + (media_s > 0)
        return Counts(
            packets=int(media_s * 60),
            octets=int(media_s * 50_000),
            frames=int(media_s * 15),
            keyframes=keys,
            deltas=int(media_s * 15) - keys,
            delta_octets=int(media_s * 25_000),
            last_packet=self._last,
            last_frame=self._last,
            first_keyframe=self.connected if keys else 0.0,
            last_keyframe=self._last,
            keyframe_interval=2.0 if keys > 1 else 0.0,
            jitter=0.002,
        )

    def clock(self) -> None:
        return None

    def remark(self) -> str:
        return ""

    def request_keyframe(self, deliver: Callable[[Keyframe], None]) -> None:
        self._loop.call_later(1, deliver, Keyframe("h264", b""))


class Pictures(Decoder):
    """A decoder that finds every picture good."""

    async def judge(
        self,
        camera: str,  # noqa: ARG002 # whichever
        keyframe: Keyframe,  # noqa: ARG002 # whatever it shows
        *,
        interval_s: float = 30.0,  # noqa: ARG002 # as above
        static_stream: bool = False,  # noqa: ARG002 # as above
    ) -> JudgedPicture:
        return JudgedPicture(Verdict(None, {}), None, 640, 360)


watched = contextvars.ContextVar[Camera]("watched")


class PatientWakeUp(WakeUp):
    """Waits longer than asked for while nothing happens to the camera."""

    async def wait(self, seconds: float) -> None:
        pause = watched.get().pause_s(asyncio.get_running_loop().time())
        await super().wait(pause if seconds == watch_module.OBSERVE_INTERVAL_S else seconds)


async def watch_all(cameras: list[Camera], clock: Clock, blocks: list[int]) -> None:
    """Watch all cameras for a day; append the memory blocks in use after a quarter and at the end to `blocks`."""

    async def follow(camera: Camera) -> None:
        watched.set(camera)
        configured = Configured(id=camera.id, url=f"rtsp://{camera.id}/", picture_interval_s=3600)
        async for observation in watch(configured, Pictures(clock), clock, rng=random.Random(camera.id)):
            if observation.changed:
                camera.reported.append((clock.monotonic(), observation.sample.state, observation.sample.cause))

    tasks = [asyncio.create_task(one) for camera in cameras for one in (camera.live(), follow(camera))]
    for hours in (6, 18):
        await asyncio.sleep(hours * 3600)
        gc.collect()
        blocks.append(sys.getallocatedblocks())
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert [task.exception() for task in tasks if not task.cancelled() and task.exception()] == []


def mistake(camera: Camera, fault: Fault) -> str:
    """Return what is wrong with the reports of an outage; empty if nothing is."""
    during = [one for one in camera.reported if fault.start <= one[0] <= fault.end + OVER_WITHIN_S]
    down = next((at for at, state, _ in during if state is State.DOWN), None)
    named = next((at for at, _, cause in during if cause is fault.kind), None)
    over = next((at for at, state, _ in during if state is State.OK and at >= fault.end), None)
    if down is None or down - fault.start > REPORTED_WITHIN_S:
        return f"{camera.id}: {fault} was reported {down}"
    if named is None or named - fault.start > NAMED_WITHIN_S:
        return f"{camera.id}: {fault} was named {named}; {during}"
    return "" if over is not None else f"{camera.id}: {fault} was not over; {during}"


def test_in_a_day_no_camera_is_called_down_that_is_not_and_every_one_that_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(20261124)
    cameras = [Camera(number, rng) for number in range(CAMERAS)]
    by_host = {camera.id: camera for camera in cameras}

    def source(target: Target, _clock: Clock) -> Session:
        return Session(by_host[target.url.host])

    monkeypatch.setitem(registry.SOURCES, "rtsp", source)
    monkeypatch.setattr(watch_module, "WakeUp", PatientWakeUp)
    loop, blocks = VirtualLoop(), list[int]()
    try:
        loop.run_until_complete(watch_all(cameras, loop, blocks))
    finally:
        loop.close()

    true = [(camera, fault) for camera in cameras for fault in camera.faults if fault.kind in TRUE]
    assert len(true) > 4 * CAMERAS
    assert [wrong for camera, fault in true if (wrong := mistake(camera, fault))] == []
    false = [
        (camera.id, at, cause)
        for camera in cameras
        for at, state, cause in camera.reported
        if state is not State.OK
        and not any(it.kind in TRUE and it.start <= at <= it.end + REPORTED_WITHIN_S for it in camera.faults)
    ]
    assert false == []
    assert {camera.highest for camera in cameras} == {1}
    assert {camera.open for camera in cameras} == {0}
    assert blocks[1] - blocks[0] < 0.05 * blocks[0]
