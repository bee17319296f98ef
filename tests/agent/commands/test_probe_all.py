"""`pantau-agent probe` of configured cameras: one by its id, or all of them."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
import pytest_asyncio

from pantau_agent.identity.firmware import Identity
from pantau_agent.identity.identities import FILE
from pantau_contract.words import words
from tests.agent.commands.probe_process import probe
from tests.agent.eventually import eventually
from tests.agent.http.camera import Asked, Visitor, response, stills
from tests.agent.http.camera import Camera as WebCamera
from tests.agent.http.camera import serving as serving_pages
from tests.agent.identity.maker_pages import PAGES
from tests.agent.rtsp.scripted import Camera, footage, saying, serving
from tests.servers.process import free_port


class Site(NamedTuple):
    """A configuration, and those of its cameras that exist."""

    config: Path
    works: Camera
    full: Camera


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        works = await stack.enter_async_context(serving(Camera(media=footage())))
        full = await stack.enter_async_context(serving(Camera({"SETUP": saying("453 Not Enough Bandwidth")})))
        cameras = {"works": works.url, "full": full.url, "dead": f"rtsp://127.0.0.1:{free_port()}/x"}
        config = tmp_path / "agent.toml"
        config.write_text(
            '[site]\nid = "north"\n[broker]\nhost = "127.0.0.1"\n[spool]\npath = "spool.sqlite"\n'
            + "".join(
                f'[[camera]]\nid = "{name}"\nurl = "{url}"\nuser = "u"\npassword = "geheim"\n'
                for name, url in cameras.items()
            )
            + '[[camera]]\nid = "spare"\nurl = "rtsp://127.0.0.1/x"\nenabled = false\n'
        )
        config.chmod(0o600)
        old = Identity("hikvision", "DS-2CD2142FWD-I", "V5.4.0 build 160530")
        (tmp_path / FILE).write_bytes(msgspec.json.encode({"works": old}))
        yield Site(config, works, full)


async def test_all_of_them_are_a_table_gravest_first_and_below_it_what_to_do(site: Site) -> None:
    run = await probe("--all", "--config", str(site.config), "--seconds", "1", "--language", "id")
    assert run.code == 2, run
    rows = [line.split()[0] for line in run.out.splitlines() if line[:1].strip()]
    assert rows[0] == words("id")("probe.column.camera")
    assert rows[1:5] == ["dead", "full", "works", "spare"]
    for cause in ("refused", "sessions_full"):
        assert words("id").meaning(cause).split()[0] in run.out
    expected = " ".join(run.out.split())
    assert " ".join(words("id").remedy("sessions_full").split()) in expected
    assert "sambungan ditolak" in expected
    assert "SETUP dijawab 453 Not Enough Bandwidth" in expected
    assert ("Connection refused" in expected, "was answered" in expected) == (False, False)
    assert words("id")("discover.vulnerable") in expected
    assert "CVE-2017-7921" in expected
    assert "geheim" not in run.out + run.err
    assert await eventually(lambda: site.works.methods()[-1] == "TEARDOWN")
    assert (site.works.connections, site.full.connections) == (1, 1)


async def test_all_of_them_as_json(site: Site) -> None:
    run = await probe("--all", "--config", str(site.config), "--seconds", "1", "--json", "--language", "id")
    report = json.loads(run.out)
    assert report[0]["detail"].endswith("Connection refused")  # JSON has the evidence as it is on the wire
    assert [(one["camera"], one["cause"]) for one in report[:2]] == [
        ("dead", "refused"),
        ("full", "sessions_full"),
    ]
    works, spare = report[2:]
    assert (works["camera"], works["model"], works["firmware_status"]) == (
        "works",
        "DS-2CD2142FWD-I",
        "vulnerable",
    )
    assert (spare["camera"], spare["state"]) == ("spare", "disabled")
    assert len({frozenset(one) for one in report}) == 1


async def test_one_of_them_by_its_id(site: Site) -> None:
    run = await probe("full", "--config", str(site.config), "--json")
    assert (run.code, run.report["cause"]) == (2, "sessions_full")
    assert (site.works.connections, site.full.connections) == (0, 1)
    expected = await probe("full", "--config", str(site.config), "--language", "id")
    assert "SETUP dijawab 453 Not Enough Bandwidth" in expected.out
    assert "was answered" not in expected.out


async def test_the_camera_itself_is_asked_for_its_firmware_only_when_told_to(tmp_path: Path) -> None:
    pictures = stills()

    async def show(visitor: Visitor, asked: Asked) -> None:
        if asked.path in PAGES:
            await visitor.send(response("200 OK", body=PAGES[asked.path]))
        else:
            await pictures(visitor, asked)

    config = tmp_path / "agent.toml"
    async with serving_pages(WebCamera(show)) as camera:
        config.write_text(
            '[site]\nid = "north"\n[broker]\nhost = "127.0.0.1"\n[spool]\npath = "spool.sqlite"\n'
            f'[[camera]]\nid = "gate"\nvendor = "hikvision"\nurl = "{camera.url}"\n'
        )
        without = await probe("gate", "--config", str(config), "--seconds", "1", "--json")
        assert not [asked for asked in camera.asked if asked.path in PAGES]
        expected = await probe("gate", "--config", str(config), "--seconds", "1", "--firmware")
    assert without.report["model"] is None
    assert "DS-2CD2142FWD-I V5.4.0 build 160530" in expected.out
    assert "VULNERABLE FIRMWARE" in expected.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["wroks"], "works"),
        (["works", "--user", "u"], "for others give a URL"),
        (["--all", "--user", "u"], "--all goes with"),
    ],
)
async def test_what_does_not_go_with_configured_cameras(site: Site, arguments: list[str], expected: str) -> None:
    run = await probe(*arguments, "--config", str(site.config))
    assert (run.code, run.out) == (3, "")
    assert expected in run.err


async def test_a_wrong_configuration_tells_nothing_of_the_cameras(site: Site) -> None:
    site.config.write_text("[site]\n")
    run = await probe("--all", "--config", str(site.config))
    assert run.code == 3
    assert "site.id" in run.err
