"""How a device is surveyed, and how it is proposed."""

import asyncio
import json
import random
import re
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from pantau_agent.clock import SystemClock
from pantau_agent.discovery import proposal
from pantau_agent.discovery.survey import (
    Candidate,
    DiscoveredChannel,
    DiscoveredDevice,
    DiscoveredStream,
    candidate_for_host,
    survey_device,
)
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.url import parse
from pantau_contract.words import LANGUAGES, words
from pantau_contract.words.evidence import Detail, detail
from tests.agent.http.camera import response
from tests.agent.identity.maker_pages import PAGES
from tests.agent.onvif.camera import OnvifCamera, serving

APART = f"127.7.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
"""An address of loopback where camera ports are free, different in each process that runs tests."""


async def surveyed(camera: OnvifCamera, password: str | None = None) -> DiscoveredDevice:
    async with serving(camera):
        candidate = Candidate("127.0.0.1", (parse(camera.url),), "Pintu", "M")
        login = Credentials(camera.user, camera.password if password is None else password)
        found = await survey_device(candidate, login, SystemClock())
    assert found is not None
    return found


async def test_a_camera_tells_all_and_its_firmware_is_warned_of() -> None:
    found = await surveyed(OnvifCamera())
    assert (found.vendor, found.model, found.firmware) == (
        "hikvision",
        "DS-2CD2142FWD-I",
        "V5.4.0 build 160530",
    )
    assert found.warning is not None
    assert (found.warning.status, found.warning.source) == ("vulnerable", "CVE-2017-7921, ICSA-17-124-01")
    (channel,) = found.channels
    assert channel.sub is not None
    assert channel.sub.url == "rtsp://127.0.0.1/live/sub?a=1&b=2"
    text = proposal.toml(found, "pantau", words("en"))
    assert "VULNERABLE FIRMWARE: Anyone on the network gets in" in text
    (block,) = tomllib.loads(text)["camera"]
    assert block == {
        "id": "cam-127-0-0-1",
        "vendor": "hikvision",
        "url": "rtsp://127.0.0.1/live/sub?a=1&b=2",
        "user": "pantau",
    }
    assert "# main: rtsp://127.0.0.1/live/main?a=1&b=2 H264 1920x1080" in text
    assert "hunter2" not in text + json.dumps(proposal.fields(found))


async def test_a_refused_password_leaves_what_was_told_without_it() -> None:
    camera = OnvifCamera()
    found = await surveyed(camera, "wrong")
    assert camera.logins == 1
    assert (found.name, found.model, found.channels) == ("Pintu", "M", ())
    assert "user and password" in found.problem
    assert tomllib.loads(proposal.toml(found, None, words("id"))) == {}


@pytest.mark.parametrize(
    ("challenges", "in_clear"),
    [
        (('Digest realm="Login to 3F05", nonce="1"',), False),
        (('Basic realm="Login to 3F05"', 'Digest realm="Login to 3F05", nonce="1"'), False),
        (('Basic realm="Login to 3F05"',), True),
    ],
)
async def test_a_device_with_rtsp_alone_is_proposed_with_its_makers_addresses(
    challenges: tuple[str, ...], in_clear: bool
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        lines = "".join(f"WWW-Authenticate: {challenge}\r\n" for challenge in challenges)
        writer.write(f"RTSP/1.0 401 No\r\n{lines}\r\n".encode())
        writer.close()

    async with await asyncio.start_server(answer, APART, 8554):
        found = await survey_device(candidate_for_host(APART, (8554,)), None, SystemClock())
    assert found is not None
    assert (found.vendor, found.guessed, found.in_clear) == ("dahua", True, in_clear)
    assert ("# allow_basic = true  # it wants" in proposal.toml(found, None, words("en"))) is in_clear
    (block,) = tomllib.loads(proposal.toml(found, None, words("en")))["camera"]
    assert block["url"] == f"rtsp://{APART}:8554/cam/realmonitor?channel=1&subtype=1"


@asynccontextmanager
async def hikvision_without_onvif(challenge: str) -> AsyncIterator[list[str]]:
    """RTSP at its usual port and ISAPI at 8000, each with a login; yields the proofs that ISAPI received."""
    proofs: list[str] = []

    async def rtsp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'RTSP/1.0 401 No\r\nWWW-Authenticate: Digest realm="IP Camera(C1)", nonce="1"\r\n\r\n')
        writer.close()

    async def isapi(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split(" ", 2)
        proof = re.search(r"(?im)^authorization: (.*)$", head)
        proofs.extend([proof[1]] if proof is not None else [])
        if method != "GET" or path not in PAGES:
            writer.write(response("404 Not Found"))
        elif proof is None or challenge.startswith("Basic"):
            writer.write(response("401 No", f"WWW-Authenticate: {challenge}"))
        else:
            writer.write(response("200 OK", body=PAGES[path]))
        writer.close()

    async with AsyncExitStack() as stack:
        for answer, port in ((rtsp, 554), (isapi, 8000)):
            await stack.enter_async_context(await asyncio.start_server(answer, APART, port))
        yield proofs


async def test_a_maker_with_onvif_switched_off_tells_its_model_by_its_own_page() -> None:
    async with hikvision_without_onvif('Digest realm="x", nonce="1", qop="auth"') as proofs:
        candidate = candidate_for_host(APART, (554, 8000))
        found = await survey_device(candidate, Credentials("u", "hunter2"), SystemClock())
    assert found is not None
    assert (found.vendor, found.model, found.problem) == ("hikvision", "DS-2CD2142FWD-I", "")
    assert found.warning is not None
    assert len(proofs) == 1
    (block,) = tomllib.loads(proposal.toml(found, "u", words("en")))["camera"]
    assert block["url"] == f"rtsp://{APART}:554/Streaming/Channels/102"


async def test_a_page_that_wants_the_password_in_clear_does_not_get_it() -> None:
    async with hikvision_without_onvif('Basic realm="x"') as proofs:
        found = await survey_device(
            candidate_for_host(APART, (554, 8000)), Credentials("u", "hunter2"), SystemClock()
        )
    assert found is not None
    assert (found.model, proofs) == ("", [])
    assert "in clear" in found.problem


async def test_a_web_server_that_is_no_camera_is_left_out() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), APART, 8899)
    assert await survey_device(candidate_for_host(APART, (8899,)), Credentials("u", "p"), SystemClock()) is None
    server.close()


HOSTILE = 'x"]\n[broker]\nhost = "evil"\n#\\u0022 \x1b[31m \r\n\u2028[[camera]]'


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_device_says_of_itself_cannot_write_the_configuration(language: str) -> None:
    stream = DiscoveredStream(f"rtsp://10.0.0.1/{HOSTILE}", HOSTILE, 1, 1)
    found = DiscoveredDevice(
        "10.0.0.1",
        HOSTILE,
        HOSTILE,
        None,
        HOSTILE,
        HOSTILE,
        None,
        (DiscoveredChannel(stream, stream, HOSTILE),),
        False,
        Detail(HOSTILE),
    )
    say = words("id" if language == "id" else "en")
    for one in (found, replace(found, channels=()), replace(found, guessed=True)):
        parsed = tomllib.loads(proposal.toml(one, HOSTILE, say))
        assert set(parsed) <= {"camera"}
        assert all(set(block) == {"id", "url", "user"} for block in parsed.get("camera", []))
        assert "\x1b" not in proposal.toml(one, HOSTILE, say)
    json.loads(json.dumps(proposal.fields(found)))


def test_why_a_device_does_not_tell_is_said_in_the_language() -> None:
    found = DiscoveredDevice(
        "10.0.0.1", problem=detail("refuses", what=detail("answered", step="GetProfiles", answer=401))
    )
    proposed = proposal.toml(found, None, words("id"))
    assert (
        "kamera tidak menerima nama pengguna dan kata sandi yang diberikan (GetProfiles dijawab 401)" in proposed
    )
    assert proposal.fields(found)["problem"] == found.problem


def test_each_channel_of_a_recorder_has_a_block_of_its_own() -> None:
    channels = tuple(DiscoveredChannel(DiscoveredStream(f"rtsp://10.0.0.1/{number}")) for number in range(3))
    parsed = tomllib.loads(proposal.toml(DiscoveredDevice("10.0.0.1", channels=channels), None, words("en")))
    assert [block["id"] for block in parsed["camera"]] == [f"cam-10-0-0-1-{number}" for number in (1, 2, 3)]


def test_devices_of_one_host_get_ids_of_their_own() -> None:
    channels = (DiscoveredChannel(DiscoveredStream("rtsp://10.0.0.1/1"), None),)
    devices = [DiscoveredDevice("10.0.0.1", channels=channels, port=port) for port in (8001, 8002)]
    parsed = tomllib.loads("".join(proposal.toml(device, None, words("en")) for device in devices))
    assert [camera["id"] for camera in parsed["camera"]] == ["cam-10-0-0-1-8001", "cam-10-0-0-1-8002"]
    assert [proposal.fields(device)["port"] for device in devices] == [8001, 8002]
