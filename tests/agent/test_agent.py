"""The wiring, with cameras that the test plays; broker, spool and machine are real."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from pantau_agent import run
from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import SystemClock
from pantau_agent.config import AgentConfig, Broker, Camera, Report, Site, SpoolConfig
from pantau_agent.host import Machine
from pantau_agent.link import Link
from pantau_agent.run import Agent, Watch
from pantau_agent.spool import Spool
from pantau_contract.messages import Command, Sample
from pantau_contract.snapshot import read_stamp
from pantau_contract.states import Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from pantau_service.systemd import Notifier
from tests.agent.eventually import eventually
from tests.agent.listener import listening
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import free_port

JPEG = cv2.imencode(".jpg", np.zeros((36, 64, 3), np.uint8))[1].tobytes()


class Stage:
    """Plays the cameras: each yields the observations in its queue, and raises the exceptions."""

    def __init__(self, *names: str) -> None:
        self.queues: dict[str, asyncio.Queue[Observation | Exception]] = {name: asyncio.Queue() for name in names}
        self.left: list[str] = []

    async def watch(self, camera: Camera) -> AsyncGenerator[Observation, None]:
        try:
            while True:
                news = await self.queues[camera.id].get()
                if isinstance(news, Exception):
                    raise news
                yield news
        finally:
            self.left.append(camera.id)

    def shows(self, name: str, state: State, cause: Cause | None = None, *, snapshot: bytes | None = None) -> None:
        now_ms = time.monotonic_ns() // 1_000_000
        self.queues[name].put_nowait(Observation(Sample(name, now_ms, state, now_ms, cause), snapshot=snapshot))

    def fails(self, name: str) -> None:
        self.queues[name].put_nowait(ZeroDivisionError())


@asynccontextmanager
async def running(
    folder: Path,
    port: int,
    watch: Watch,
    *,
    disabled: tuple[str, ...] = (),
    notifier: Notifier | None = None,
    interval_s: float = 0.2,
    picture_requests: Mapping[str, asyncio.Event] | None = None,
) -> AsyncIterator[Spool]:
    names = ("gate", "yard")
    config = AgentConfig(
        site=Site(id="north"),
        broker=Broker(host="127.0.0.1", port=port),
        report=Report(interval_s=interval_s),
        spool=SpoolConfig(path=folder / "spool.sqlite"),
        camera=[Camera(id=name, url=f"rtsp://127.0.0.1/{name}", enabled=name not in disabled) for name in names],
    )
    clock, machine = SystemClock(), Machine(folder)
    spool = await Spool.open(config.spool.path, max_bytes=1e9, max_age_s=1e6, machine_boot="b", clock=clock)
    requests = picture_requests or {name: asyncio.Event() for name in names}
    agent = Agent(config, spool, Link(config, spool, clock), machine, clock, notifier or Notifier({}), requests)
    stop = asyncio.Event()
    life = asyncio.create_task(agent.run(watch, stop))
    try:
        yield spool
    finally:
        stop.set()
        await asyncio.wait_for(life, 60)


async def test_a_camera_whose_watching_fails_says_unknown_and_the_others_go_on(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage("gate", "yard")
    with listening(mosquitto.port) as listener:
        async with running(tmp_path, mosquitto.port, stage.watch):

            def reported() -> list[tuple[str, State]]:
                return [(state.camera, state.state) for state in listener.states()]

            stage.shows("gate", State.OK)
            assert await eventually(lambda: ("gate", State.OK) in reported())
            stage.fails("gate")
            assert await eventually(lambda: reported()[-1] == ("gate", State.UNKNOWN))
            stage.shows("yard", State.DOWN, Cause.REFUSED)
            assert await eventually(lambda: ("yard", State.DOWN) in reported())
            stage.shows("gate", State.OK)  # it is watched again
            assert await eventually(lambda: reported()[-1] == ("gate", State.OK))
    assert "watching camera gate failed" in caplog.text
    assert sorted(stage.left) == ["gate", "gate", "yard"]


async def test_a_batch_comes_each_interval_with_machine_and_clock_and_all_cameras(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    stage = Stage("gate")
    with listening(mosquitto.port) as listener:
        async with running(tmp_path, mosquitto.port, stage.watch, disabled=("yard",)):
            stage.shows("gate", State.OK)
            assert await eventually(lambda: len(listener.telemetry()) >= 4)
        assert await eventually(
            lambda: [batch.seq for batch in listener.telemetry()] == list(range(len(listener.telemetry())))
        )
    batch = listener.telemetry()[3]
    assert {sample.camera: sample.state for sample in batch.samples} == {"gate": State.OK, "yard": State.DISABLED}
    assert batch.host
    assert batch.host.memory_used_pct
    assert batch.host.spool_batches is not None
    assert batch.clock_synchronised is Machine(tmp_path).clock().synchronised
    assert batch.monotonic_ms - listener.telemetry()[0].monotonic_ms > 390  # the first of them may have come late


async def test_the_last_batch_is_in_the_spool_when_the_agent_ends_without_a_broker(tmp_path: Path) -> None:
    stage = Stage("gate", "yard")
    async with running(tmp_path, free_port(), stage.watch, interval_s=600) as spool:
        stage.shows("gate", State.DOWN, Cause.TIMEOUT)
        assert await eventually(stage.queues["gate"].empty)
        await asyncio.sleep(0)
    assert spool.next_seq == 1
    reopened = await Spool.open(
        tmp_path / "spool.sqlite", max_bytes=1e9, max_age_s=1e6, machine_boot="b", clock=SystemClock()
    )
    assert reopened.batches == 1
    await reopened.close()


async def test_asked_from_afar_it_answers_with_the_latest_sample_and_then_the_next_picture(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    stage, topic = Stage("gate"), Topic("north", TopicKind.COMMAND)
    requests = {"gate": asyncio.Event(), "yard": asyncio.Event()}
    with listening(mosquitto.port) as listener:
        async with running(tmp_path, mosquitto.port, stage.watch, disabled=("yard",), picture_requests=requests):
            stage.shows("gate", State.IMPAIRED, Cause.BLACK, snapshot=JPEG)
            assert await eventually(lambda: len(listener.snapshots()) == 1)
            stage.shows("gate", State.IMPAIRED, Cause.BLACK, snapshot=JPEG)
            for number, camera in enumerate(("gate", "yard", "attic")):
                listener.publish(topic, encode(Command(str(number), "snapshot", camera)))
            assert await eventually(lambda: len(listener.replies()) == 3)
            assert len(listener.snapshots()) == 1
            assert (requests["gate"].is_set(), requests["yard"].is_set()) == (True, False)
            stage.shows("gate", State.IMPAIRED, Cause.BLACK, snapshot=JPEG)
            assert await eventually(lambda: len(listener.snapshots()) == 2)
    done, disabled, unknown = sorted(listener.replies(), key=lambda reply: reply.id)
    assert done.error == ""
    assert done.sample
    assert done.sample.cause is Cause.BLACK
    assert "disabled" in disabled.error
    assert "no camera 'attic'" in unknown.error
    assert read_stamp(listener.snapshots()[1]).cause is Cause.BLACK


class Manager:
    """The service manager's end of the notification socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.got: list[str] = []

    def read(self) -> list[str]:
        """Return the messages since the last call."""
        came: list[str] = []
        try:
            while True:
                came.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            self.got += came
            return came


async def _is_starved(manager: Manager) -> bool:
    """Return True once the watchdog was not fed for a second; False if that takes more than a minute."""
    for _ in range(60):
        manager.read()
        await asyncio.sleep(1)
        if "WATCHDOG=1" not in manager.read():
            return True
    return False


async def test_the_watchdog_is_fed_while_reports_are_made_and_not_while_the_disk_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_LATE_S", 0.5)
    manager = Manager(tmp_path / "notify")
    environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
    async with running(tmp_path, free_port(), Stage("gate", "yard").watch, notifier=Notifier(environ)) as spool:
        assert await eventually(lambda: manager.read() and manager.got.count("WATCHDOG=1") > 5)
        assert manager.got[0].startswith("READY=1\nSTATUS=cameras: 2 unknown")
        works_again = threading.Event()
        spool._thread.submit(works_again.wait, 60)  # the disk hangs
        assert await _is_starved(manager)
        works_again.set()
        assert await eventually(lambda: "WATCHDOG=1" in manager.read())
    manager.read()
    assert any(line.startswith("STOPPING=1") for line in manager.got)


async def test_changes_are_in_the_log_with_their_cause(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stage = Stage("gate", "yard")
    async with running(tmp_path, free_port(), stage.watch):
        stage.shows("gate", State.DOWN, Cause.AUTH_FAILED)
        stage.shows("gate", State.OK)
        assert await eventually(lambda: "camera gate is ok" in caplog.text)
    levels = {record.message: record.levelname for record in caplog.records if "camera gate" in record.message}
    assert levels == {"camera gate is down: auth_failed": "WARNING", "camera gate is ok": "INFO"}
