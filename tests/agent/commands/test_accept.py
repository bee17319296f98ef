"""`accept-certificate` and `accept-login` beside the files of a running agent."""

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from pantau_agent.assessment import camera_memory
from pantau_agent.assessment.camera_memory import CameraMemories, remembered
from pantau_agent.config import load
from pantau_agent.streams.certificates import fingerprint_of
from tests.agent.certificate import make_certificate
from tests.agent.eventually import eventually


class Site(NamedTuple):
    """A site with a camera, and another channel of it, whose certificate is not the one that is remembered."""

    folder: Path
    at: str
    now: str


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    (tmp_path / "agent.toml").write_text(
        '[site]\nid = "north"\n[broker]\nhost = "127.0.0.1"\n[spool]\npath = "spool.sqlite"\n'
        + "".join(
            f'[[camera]]\nid = "{name}"\nurl = "{url}"\n'
            for name, url in {
                "gate": f"rtsps://127.0.0.1:{port}/1",
                "hall": f"rtsps://127.0.0.1:{port}/2",
                "yard": "rtsp://127.0.0.2/",
            }.items()
        )
    )
    memories = CameraMemories(load(tmp_path / "agent.toml").camera, tmp_path / camera_memory.FILE)
    at = f"127.0.0.1:{port}"
    memories.of("gate").proof.certificates[at] = memories.of("hall").proof.certificates[at] = "0" * 64
    memories.of("yard").proof.digests["rtsp"] = "MD5"
    memories.save()
    async with server:
        yield Site(tmp_path, at, fingerprint_of(ssl.PEM_cert_to_DER_cert(made.certificate.read_text())))


async def run(site: Site, command: str, camera: str, *more: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pantau_agent", command, camera),
        *("--config", str(site.folder / "agent.toml"), "--language", "en", *more),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_new_certificate_is_accepted_for_all_cameras_of_its_host_and_the_running_agent_takes_it(
    site: Site,
) -> None:
    cameras, file = load(site.folder / "agent.toml").camera, site.folder / camera_memory.FILE
    memories = CameraMemories(cameras, file)

    def is_remembered(name: str) -> bool:
        return remembered(file, cameras)[name].certificates == {site.at: site.now}

    running = asyncio.create_task(memories.save_periodically())
    code, out, err = await run(site, "accept-certificate", "gate", "--fingerprint", f"SHA256:{site.now.upper()}")
    assert (code, err) == (0, "")
    assert "0" * 64 in out
    assert site.now in out
    for name in ("gate", "hall"):
        assert await eventually(partial(is_remembered, name))
    running.cancel()
    assert memories.of("yard").proof.certificates == {}
    assert list((site.folder / "accepted").iterdir()) == []
    code, out, _ = await run(site, "accept-certificate", "gate", "--json")
    assert (code, json.loads(out)["done"], "already" in json.loads(out)["text"]) == (0, True, True)


async def test_an_agent_that_is_not_running_takes_it_at_its_start(site: Site) -> None:
    assert (await run(site, "accept-login", "yard"))[0] == 0
    memories = CameraMemories(load(site.folder / "agent.toml").camera, site.folder / camera_memory.FILE)
    assert memories.of("yard").proof.digests == {"rtsp": "MD5"}
    running = asyncio.create_task(memories.save_periodically())
    assert await eventually(lambda: memories.of("yard").proof.digests == {})
    running.cancel()


@pytest.mark.parametrize(
    ("camera", "more", "code", "text"),
    [
        ("gate", ["--fingerprint", "1" * 64], 1, "nothing was changed"),
        ("gate", [], 2, "--fingerprint"),
        ("yard", [], 2, "not watched over TLS"),
        ("gatee", [], 2, "Known: gate"),
    ],
)
async def test_nothing_is_accepted_unseen(camera: str, more: list[str], code: int, text: str, site: Site) -> None:
    ended, out, err = await run(site, "accept-certificate", camera, *more)
    assert (ended, text in out + err) == (code, True), err
    assert not (site.folder / "accepted").exists()
