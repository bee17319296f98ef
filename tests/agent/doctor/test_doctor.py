"""`pantau-agent doctor` as people run it: a real broker, and simcam's cameras."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from pantau_contract.words import words
from pantau_simcam import Fault, Simcam
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import free_port
from tests.simcam.small import spec

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Run(NamedTuple):
    """The exit code and the output of one run."""

    code: int
    out: str
    err: str


class Site(NamedTuple):
    """Both runs at the same site: for people and for programs."""

    people: Run
    programs: Run


async def doctor(*arguments: str) -> Run:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pantau_agent", "doctor", "--time-server", "127.0.0.1", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"LANG": "C"},
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Run(process.returncode, out.decode(), err.decode())


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("doctor")
    cameras = [spec("good"), spec("locked", user="u", password="hunter2"), spec("full")]
    async with Simcam(cameras, port_per_camera=True) as simcam:
        await simcam.filmed()
        simcam.set_fault("full", Fault.FULL)
        with Mosquitto(folder / "mosquitto") as broker:
            assert isinstance(broker, Mosquitto)
            config = folder / "agent.toml"
            entries = "".join(
                f'[[camera]]\nid = "{name}"\nurl = "{simcam.url(name).replace("u:hunter2@", "")}"\n'
                'user = "u"\npassword = "wr0ng"\npicture_interval_s = 1\n'
                for name in ("good", "locked", "full")
            )
            config.write_text(
                f'[site]\nid = "north"\n[broker]\nhost = "127.0.0.1"\nport = {broker.port}\n'
                f'[spool]\npath = "spool.sqlite"\n{entries}'
                '[[camera]]\nid = "spare"\nurl = "rtsp://127.0.0.1/x"\nenabled = false\n'
                f'[[camera]]\nid = "dead"\nurl = "rtsp://127.0.0.1:{free_port()}/x"\n'
            )
            config.chmod(0o600)
            people, programs = await asyncio.gather(
                doctor("--config", str(config), "--language", "id"), doctor("--config", str(config), "--json")
            )
            failed_logins = simcam.counts("locked").failed_logins
    assert failed_logins == 2, "each run tries a wrong password once"
    yield Site(people, programs)


def report(site: Site) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(site.programs.out)
    return parsed


async def test_each_camera_is_examined_and_its_cause_named(site: Site) -> None:
    cameras = {entry["camera"]: entry for entry in report(site)["findings"] if entry["check"] == "camera"}
    assert {name: (entry["level"], entry["cause"]) for name, entry in cameras.items() if name != "good"} == {
        "locked": ("error", "auth_failed"),
        "full": ("error", "sessions_full"),
        "dead": ("error", "refused"),
        "spare": ("ok", None),
    }
    assert cameras["good"]["level"] in {"ok", "warning"}  # on a busy machine it may be slow, which is reported


async def test_the_broker_is_ready(site: Site) -> None:
    assert [entry["key"] for entry in report(site)["findings"] if entry["check"] == "broker"] == [
        "ready",
        "publishing",
    ]


async def test_the_list_ends_it_numbered_and_the_exit_code_tells_of_it(
    site: Site,
) -> None:
    to_mend = report(site)["to_mend"]
    levels = [entry["level"] for entry in to_mend]
    assert levels == sorted(levels)  # "error" before "warning"
    assert {entry["camera"] for entry in to_mend} >= {"locked", "full", "dead"}
    assert "spare" not in {entry["camera"] for entry in to_mend}
    assert site.programs.code == site.people.code == 1
    listed = site.people.out.partition(words("id")("doctor.to_mend"))[2]
    assert "  1. " in listed
    assert words("id").remedy("auth_failed") in listed


async def test_no_password_is_shown(site: Site) -> None:
    for run in site:
        assert "wr0ng" not in run.out + run.err
        assert "Traceback" not in run.err


async def test_a_wrong_configuration_is_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text("[site]\n")
    run = await doctor("--config", str(tmp_path / "agent.toml"))
    assert run.code == 2
    assert "site.id" in run.err
    assert run.out == ""
