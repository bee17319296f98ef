"""The identities of cameras over days and restarts, and how they reach the collector."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from pantau_agent import run
from pantau_agent.clock import Clock, SystemClock
from pantau_agent.config import AgentConfig, Broker, Camera, Site, SpoolConfig
from pantau_agent.identity import identities as identities_module
from pantau_agent.identity.firmware import Identity
from pantau_agent.identity.identify import IdentityError
from pantau_agent.identity.identities import AGAIN_S, FILE, ROUND_S, Identities
from pantau_agent.link import Link
from pantau_agent.spool import Spool
from pantau_agent.streams.safeguards import Safeguards
from pantau_contract.messages import Birth, CameraAbout, Death
from pantau_contract.words.evidence import Detail
from tests.agent.eventually import eventually
from tests.agent.http.camera import Asked, Visitor, response, serving, stills
from tests.agent.http.camera import Camera as WebCamera
from tests.agent.identity.maker_pages import PAGES
from tests.agent.listener import listening
from tests.agent.virtual_time import VirtualLoop
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import free_port

CAMERAS = [
    Camera(id="gate", url="rtsp://127.0.0.1/gate"),
    Camera(id="hall", url="rtsp://127.0.0.2/hall"),
    Camera(id="off", url="rtsp://127.0.0.1/off", enabled=False),
]
OLD, NEW = Identity("hikvision", "M", "V1"), Identity("hikvision", "M", "V2")


class Answers:
    """Cameras' answers; `asked` lists which cameras were asked, and when."""

    def __init__(self, *answers: Identity | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, float]] = []

    async def __call__(self, camera: Camera, clock: Clock, _safeguards: Safeguards) -> Identity:
        self.asked.append((camera.id, clock.monotonic()))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def days(
    number: float,
    answers: Answers,
    file: Path,
    streams: Callable[[str], bool] = lambda _camera: True,
    *,
    cameras: Sequence[Camera] = CAMERAS,
) -> tuple[Identities, int]:
    """Let days pass in virtual time, and count how often there was something new."""
    loop = VirtualLoop()
    identities = Identities(cameras, file, loop, answers)
    changes = 0

    async def pass_them() -> None:
        nonlocal changes
        with suppress(TimeoutError):
            async with asyncio.timeout(number * 86_400):
                async for _ in identities.changes(streams):
                    changes += 1

    loop.run_until_complete(pass_them())
    loop.close()
    return identities, changes


def test_each_camera_is_asked_soon_after_the_start_and_once_a_day(tmp_path: Path) -> None:
    answers = Answers(OLD)
    identities, changes = days(2.5, answers, tmp_path / FILE)
    assert [asked_s for camera, asked_s in answers.asked if camera == "gate"] == [
        1000 + ROUND_S + day * AGAIN_S for day in range(3)
    ]
    assert {camera for camera, _ in answers.asked} == {"gate", "hall"}
    assert changes == 1
    assert identities.about(CAMERAS[0]).firmware == "V1"
    assert identities.about(CAMERAS[2]).firmware == ""


def test_a_camera_that_lets_nobody_in_is_not_asked(tmp_path: Path) -> None:
    answers = Answers(OLD)
    days(3, answers, tmp_path / FILE, lambda camera: camera == "hall")
    assert {camera for camera, _ in answers.asked} == {"hall"}


def test_what_was_known_is_known_after_a_restart_and_told_only_when_it_changes(tmp_path: Path) -> None:
    days(0.5, Answers(OLD), tmp_path / FILE)
    again, changes = days(0.5, Answers(OLD), tmp_path / FILE)
    assert (again.about(CAMERAS[0]).firmware, changes) == ("V1", 0)
    updated, changes = days(0.5, Answers(NEW), tmp_path / FILE)
    assert (updated.about(CAMERAS[0]).firmware, changes) == ("V2", 1)


def test_a_camera_that_does_not_tell_or_breaks_our_code_leaves_the_others(tmp_path: Path) -> None:
    identities, changes = days(0.5, Answers(IdentityError(Detail("no")), OLD), tmp_path / FILE)
    assert [identities.about(camera).firmware for camera in CAMERAS] == ["", "V1", ""]
    identities, changes = days(0.5, Answers(ZeroDivisionError(), OLD), tmp_path / "none" / FILE)
    assert [identities.about(camera).firmware for camera in CAMERAS] == ["", "V1", ""]
    assert changes == 1


def test_the_channels_of_one_recorder_are_one_question_whatever_it_answers(tmp_path: Path) -> None:
    channels = [Camera(id=f"channel{number}", url=f"rtsp://u:p@127.0.0.1/{number}") for number in range(1, 33)]
    answers = Answers(IdentityError(Detail("refused")), OLD)
    identities, changes = days(1.5, answers, tmp_path / FILE, cameras=channels)
    assert [camera for camera, _ in answers.asked] == ["channel1", "channel1"]
    assert changes == 1
    assert {identities.about(camera).firmware for camera in channels} == {"V1"}


def test_a_channel_that_comes_later_asks_its_recorder_no_second_time_that_day(tmp_path: Path) -> None:
    channels = [Camera(id=f"channel{number}", url=f"rtsp://u:p@127.0.0.1/{number}") for number in (1, 2)]
    answers = Answers(IdentityError(Detail("refused")))
    checks = Counter[str]()

    def streams(camera: str) -> bool:
        checks[camera] += 1
        return camera == "channel1" or checks[camera] > 60

    days(1.5, answers, tmp_path / FILE, streams, cameras=channels)
    assert [asked_s for _, asked_s in answers.asked] == [1000 + ROUND_S, 1000 + ROUND_S + AGAIN_S]


def test_a_damaged_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\x00{")
    assert Identities(CAMERAS, tmp_path / FILE, SystemClock()).about(CAMERAS[0]).firmware == ""


async def test_what_is_new_comes_to_the_collector_by_another_birth_and_no_death(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    config = AgentConfig(
        site=Site(id="north"),
        broker=Broker(host="127.0.0.1", port=mosquitto.port),
        spool=SpoolConfig(path=tmp_path / "spool.sqlite"),
        camera=CAMERAS,
    )
    clock = SystemClock()
    spool = await Spool.open(config.spool.path, max_bytes=1e9, max_age_s=1e6, machine_boot="b", clock=clock)
    identities = Identities(CAMERAS, tmp_path / FILE, clock)
    link = Link(config, spool, clock, identities.about)
    with listening(mosquitto.port) as listener:
        life = asyncio.create_task(link.run())
        assert await eventually(listener.agents)
        identities._by_camera["gate"] = OLD
        link.reconnect()
        assert await eventually(lambda: len(listener.agents()) >= 2)
        link.close(within_s=2)
        await asyncio.wait_for(life, 60)
        assert await eventually(lambda: len(listener.agents()) >= 3)
    await spool.close()
    first, second, third = listener.agents()
    assert isinstance(first, Birth)
    assert isinstance(second, Birth)
    assert isinstance(third, Death)
    assert second.session > first.session
    assert [camera.firmware for camera in first.cameras] == ["", "", ""]
    assert [camera.firmware for camera in second.cameras] == ["V1", "", ""]


async def test_the_running_agent_tells_the_firmware_of_a_camera_that_streams(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities_module, "ROUND_S", 0.3)
    handlers: dict[int, Callable[[], None]] = {}
    monkeypatch.setattr(asyncio.get_running_loop(), "add_signal_handler", handlers.__setitem__)
    pictures = stills()

    async def show(visitor: Visitor, asked: Asked) -> None:
        if asked.path == "/ISAPI/System/deviceInfo":
            await visitor.send(response("200 OK", body=PAGES[asked.path]))
        else:
            await pictures(visitor, asked)

    with listening(mosquitto.port) as listener:
        async with serving(WebCamera(show)) as server:
            config = AgentConfig(
                site=Site(id="north"),
                broker=Broker(host="127.0.0.1", port=mosquitto.port),
                spool=SpoolConfig(path=tmp_path / "spool.sqlite"),
                camera=[
                    Camera(id="gate", url=server.url, vendor="hikvision"),
                    Camera(id="dead", url=f"http://127.0.0.1:{free_port()}/cam", vendor="hikvision"),
                ],
            )
            life = asyncio.create_task(run.run(config))

            def sent() -> list[CameraAbout]:
                births = [birth for birth in listener.agents() if isinstance(birth, Birth)]
                return list(births[-1].cameras) if births else []

            assert await eventually(lambda: any(camera.firmware for camera in sent()))
            handlers[signal.SIGTERM]()
            await asyncio.wait_for(life, 60)
    gate, dead = sent()
    assert (gate.model, gate.firmware) == ("DS-2CD2142FWD-I", "V5.4.0 build 160530")
    assert gate.firmware_note.startswith("vulnerable: ")
    assert dead == CameraAbout("dead", vendor="hikvision")
