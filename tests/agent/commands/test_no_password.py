"""No command logs in with a password that it does not know: an empty one would be a wrong one."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as ConfiguredCamera
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_contract.states import Cause
from tests.agent.rtsp.scripted import Camera, footage, serving
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until


class Site(NamedTuple):
    config: Path
    camera: Camera


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with serving(Camera(media=footage())) as camera:
        config = tmp_path / "agent.toml"
        config.write_text(
            '[site]\nid = "north"\n[broker]\nhost = "127.0.0.1"\nport = 9\nuser = "north"\n'
            '[spool]\npath = "spool.sqlite"\n'
            f'[[camera]]\nid = "gate"\nurl = "{camera.url}"\nuser = "op"\n'
        )
        yield Site(config, camera)


async def agent(*arguments: str) -> tuple[int | None, str]:
    environment = {name: value for name, value in os.environ.items() if name not in {"LANG", "LC_ALL"}}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pantau_agent", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


@pytest.mark.parametrize("arguments", [("gate",), ("--all",), ("gate", "--watch"), ("--all", "--json")])
async def test_a_probe_says_that_it_cannot_tell_and_does_not_connect(
    site: Site, arguments: tuple[str, ...]
) -> None:
    code, out = await agent("probe", *arguments, "--config", str(site.config), "--language", "en")
    assert code == 3, out
    assert "with sudo" in " ".join(out.split())
    assert "auth_failed" not in out
    assert site.camera.asked == []


async def test_a_configured_camera_takes_the_password_of_the_variable_if_its_own_is_not_known(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANTAU_CAMERA_PASSWORD", "rahasia")
    _, out = await agent("probe", "gate", "--config", str(site.config), "--seconds", "1")
    assert site.camera.asked != []
    assert "rahasia" not in out
    site.camera.asked.clear()
    monkeypatch.setenv("PANTAU_CAMERA_PASSWORD", "")
    code, _ = await agent("probe", "gate", "--config", str(site.config))
    assert (code, site.camera.asked) == (3, [])


async def test_the_doctor_says_what_it_could_not_examine_and_logs_in_nowhere(
    site: Site, mosquitto: Mosquitto
) -> None:
    text = site.config.read_text().replace("port = 9", f"port = {mosquitto.port}")
    site.config.write_text(text)
    code, out = await agent(
        "doctor", "--config", str(site.config), "--time-server", "127.0.0.1", "--language", "en"
    )
    assert code in {1, 3}, out  # 1: the machine that runs the test may have something to mend
    assert out.count("cannot tell: the password of user op") == 1
    assert out.count("cannot tell: the password of user north") == 1
    assert "run it with sudo" in out
    assert site.camera.asked == []
    assert until(lambda: "New connection" in mosquitto.log.read_text())
    assert "u'north'" not in mosquitto.log.read_text()


async def test_an_empty_password_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    async with serving(Camera(media=footage())) as camera:
        for command in (("probe", camera.url), ("discover", "127.0.0.1")):
            code, out = await agent(*command, "--user", "op", "--password-file", str(tmp_path / "empty"))
            assert code in {2, 3}, out
            assert "is empty" in " ".join(out.replace("│", "").split())
        assert camera.asked == []


@pytest.mark.parametrize("password", ["", None])
async def test_the_agent_sends_an_empty_password_in_a_path_only_where_it_is_configured(
    password: str | None,
) -> None:
    async with serving(Camera(media=footage())) as camera:
        path = f"{camera.url.rsplit('/', 1)[0]}/user=admin_password={{password}}_channel=1_stream=1.sdp"
        configured = ConfiguredCamera.model_validate(
            {"id": "gate", "url": path, "user": "admin", "password": password}
        )
        clock = SystemClock()
        async with Decoder(clock) as decoder:
            observation = await OneShotProbe(configured, decoder, clock).run(1)
        if password is None:
            assert observation.sample.cause is Cause.AUTH_FAILED
            assert camera.asked == []
        else:
            assert "password=_channel" in camera.asked[-1].uri
