"""The firmware that is warned of, and what the collector is sent about it."""

import asyncio
import datetime as dt
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from pantau_agent import vendors
from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera
from pantau_agent.identity import identify as identify_module
from pantau_agent.identity.firmware import Identity, about, built_on, is_among, vendor_of, warning_of
from pantau_agent.identity.identify import IdentityError, identify
from pantau_agent.identity.maker_pages import MAX_PAGE
from pantau_agent.streams.safeguards import Safeguards
from pantau_agent.vendors import Versions
from pantau_contract.messages import CameraAbout
from tests.agent.certificate import make_certificate
from tests.agent.http.camera import Asked, Visitor, response
from tests.agent.http.camera import Camera as WebCamera
from tests.agent.http.camera import serving as serving_pages
from tests.agent.identity.maker_pages import PAGES
from tests.agent.onvif.camera import OnvifCamera, serving
from tests.servers.process import free_port

RANGE = Versions(first="V5.2.0 build 140721", last="V5.4.0 build 160530")
BEFORE = Versions(before="3.1.0_Build_250820_Rel.57668n")
BUILT = Versions(built_before=dt.date(2019, 12, 1))


@pytest.mark.parametrize(
    ("versions", "firmware", "expected"),
    [
        (RANGE, "V5.2.0 build 140721", True),
        (RANGE, "V5.2.0 build 140720", False),
        (RANGE, "v5.3.9 Build 200101", True),
        (RANGE, "V5.4.0 build 160530", True),
        (RANGE, "V5.4.0 build 160531", False),
        (RANGE, "V5.4.0", True),
        (RANGE, "V5.10.0 build 140721", False),
        (RANGE, "V5.2.0", True),
        (RANGE, "", False),
        (RANGE, "unknown", False),
        (BEFORE, "3.0.9 Build 250101 Rel.1n", True),
        (BEFORE, "3.1.0_Build_250820_Rel.57668n", False),
        (BUILT, "2.622.0000000.18.R,build:2019-11-30", True),
        (BUILT, "2.622.0000000.18.R, Build Date: 2019-12-01", False),
        (BUILT, "2.800.0000000.16.R", False),
        (Versions(), "1.0", False),
    ],
)
def test_versions_are_compared_by_their_numbers(versions: Versions, firmware: str, expected: bool) -> None:
    assert is_among(firmware, versions) is expected


@pytest.mark.parametrize(
    ("firmware", "day"),
    [
        ("V5.4.0 build 160530", dt.date(2016, 5, 30)),
        ("2.8,build:2020-04-13", dt.date(2020, 4, 13)),
        ("1.0 Build 20210209", dt.date(2021, 2, 9)),
        ("3.1.0_Build_250820_Rel.5", dt.date(2025, 8, 20)),
        ("V1 build 169999", None),
        ("V1 build 1234567", None),
        ("V1", None),
    ],
)
def test_the_day_of_a_build_is_read(firmware: str, day: dt.date | None) -> None:
    assert built_on(firmware) == day


def test_every_entry_of_the_notes_matches_a_version_that_it_means() -> None:
    for name in vendors.vendors():
        for entry in vendors.note(name).firmware:
            versions = entry.versions
            bad = versions.first or versions.last or (f"0.1 {versions.before or ''}" if versions.before else None)
            firmware = bad or "1.0 build 2001-01-01"
            model = entry.models[0].replace("*", "X").replace("?", "1").replace("[HI]", "I")
            warned = warning_of(name, model.lower(), firmware)
            assert warned is not None, (name, model, firmware)


@pytest.mark.parametrize(
    ("maker", "vendor"),
    [
        ("HIKVISION", "hikvision"),
        ("Hangzhou Hikvision Digital Technology", "hikvision"),
        ("Dahua", "dahua"),
        ("AXIS", "axis"),
        ("TP-Link", "tplink"),
        ("Hanwha Techwin", "hanwha"),
        ("ONVIF", None),
        ("Maker <&>", None),
        ("", None),
    ],
)
def test_a_makers_name_is_known(maker: str, vendor: str | None) -> None:
    assert vendor_of(maker) == vendor


def test_no_note_is_no_warning() -> None:
    assert warning_of(None, "DS-2CD2142FWD-I", "V5.4.0") is None
    assert warning_of("nobody", "DS-2CD2142FWD-I", "V5.4.0") is None
    assert warning_of("hikvision", "DS-7608NI", "V5.4.0") is None


def camera(**of: object) -> Camera:
    return Camera.model_validate({"id": "gate", "name": "Gate", "url": "rtsp://127.0.0.1/x"} | of)


def test_the_collector_is_told_what_the_camera_is_and_what_is_known_against_it() -> None:
    assert about(camera(), None) == CameraAbout("gate", "Gate")
    sent = about(camera(), Identity("hikvision", "DS-2CD2142FWD-I", "V5.4.0 build 160530"))
    assert (sent.vendor, sent.model, sent.firmware) == ("hikvision", "DS-2CD2142FWD-I", "V5.4.0 build 160530")
    assert sent.firmware_note.startswith("vulnerable: Anyone on the network")
    assert "CVE-2017-7921" in sent.firmware_note
    assert len(about(camera(), Identity(None, "m" * 999, "v" * 999)).model) == 400


async def show(visitor: Visitor, asked: Asked) -> None:
    page = PAGES.get(asked.path)
    await visitor.send(response("404 Not Found") if page is None else response("200 OK", body=page))


@pytest.mark.parametrize(
    ("vendor", "expected"),
    [
        ("hilook", Identity("hikvision", "DS-2CD2142FWD-I", "V5.4.0 build 160530")),
        ("dahua", Identity("dahua", "IPC-HX5842H", "2.8.0.R,build:2019-11-20")),
        ("axis", Identity("axis", "AXIS P3245-V", "9.80.1")),
        ("wisenet", Identity("hanwha", "XNV-6080", "1.41.02")),
    ],
)
async def test_a_makers_own_page_tells(vendor: str, expected: Identity) -> None:
    async with serving_pages(WebCamera(show)) as server:
        assert await identify(camera(vendor=vendor), SystemClock(), web_port=server.port) == expected


@pytest.mark.parametrize(("before", "read"), [(65_000, True), (65_537, False)])
async def test_of_a_page_64_kb_are_read(before: int, read: bool) -> None:
    assert MAX_PAGE == 65_536

    async def long(visitor: Visitor, asked: Asked) -> None:
        page = b"x" * (before - 1) + b"\n" + PAGES.get(asked.path, b"")
        await visitor.send(response("200 OK", body=page) if asked.path in PAGES else response("404 Not Found"))

    async with serving_pages(WebCamera(long)) as server:
        if read:
            found = await identify(camera(vendor="axis"), SystemClock(), web_port=server.port)
            assert found == Identity("axis", "AXIS P3245-V", "9.80.1")
        else:
            with pytest.raises(IdentityError):
                await identify(camera(vendor="axis"), SystemClock(), web_port=server.port)


@pytest.mark.parametrize("page", ["'\\n' * 65536", "' ' * 65536", "'type=' + ' ' * 65530 + 'x'", "' \\n' * 32768"])
def test_a_page_of_blanks_takes_no_time(page: str) -> None:
    """Of computing, five seconds are a hundred times what it needs; with a careless pattern it takes minutes."""
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (5, 5))\n"
        "from pantau_agent.identity.maker_pages import MAKER_PAGES\n"
        f"print([MAKER_PAGES[vendor].read({page}) for vendor in ('dahua', 'axis', 'hanwha')])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_where_there_is_no_such_page_onvif_is_asked() -> None:
    onvif = OnvifCamera()
    async with serving(onvif):
        of = camera(user=onvif.user, password=SecretStr(onvif.password))
        expected = Identity("hikvision", "DS-2CD2142FWD-I", "V5.4.0 build 160530")
        assert await identify(of, SystemClock(), web_port=onvif.port) == expected


async def test_a_refused_password_is_not_tried_elsewhere() -> None:
    async def refuse(visitor: Visitor, _asked: Asked) -> None:
        await visitor.send(
            response("401 Unauthorized", 'WWW-Authenticate: Digest realm="x", nonce="1", qop="auth"')
        )

    async with serving_pages(WebCamera(refuse)) as server:
        of = camera(vendor="dahua", user="u", password=SecretStr("hunter2"))
        with pytest.raises(IdentityError) as refused:
            await identify(of, SystemClock(), web_port=server.port)
    assert len([asked for asked in server.asked if "authorization" in asked.headers]) == 1
    assert {asked.path for asked in server.asked} == {"/cgi-bin/magicBox.cgi?action=getDeviceType"}
    assert "hunter2" not in str(refused.value)


async def test_a_password_that_onvif_refuses_is_not_tried_at_its_other_ports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = OnvifCamera(), OnvifCamera()
    async with serving(first), serving(second):
        monkeypatch.setitem(identify_module._ONVIF_PORTS, "tplink", first.port)
        of = camera(vendor="tplink", user=first.user, password=SecretStr("wrong"))
        with pytest.raises(IdentityError, match="user and password"):
            await identify(of, SystemClock(), web_port=second.port)
    assert (first.logins, second.logins) == (1, 0)


async def test_a_camera_that_is_watched_over_tls_is_asked_over_tls_only(tmp_path: Path) -> None:
    of = camera(url="rtsps://127.0.0.1/x", vendor="axis", user="u", password=SecretStr("hunter2"))
    received: list[bytes] = []

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1))
        writer.close()

    async with await asyncio.start_server(receive, "127.0.0.1", 0) as plain:
        with pytest.raises(IdentityError):
            await identify(of, SystemClock(), web_port=plain.sockets[0].getsockname()[1])
    assert set(received) == {b"\x16"}, "a TLS handshake, and no request"
    made = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    known = Safeguards(learns=True)
    async with serving_pages(WebCamera(show), context) as server:
        assert (await identify(of, SystemClock(), known, web_port=server.port)).model == "AXIS P3245-V"
        known.remembered.certificates[f"127.0.0.1:{server.port}"] = "0" * 64
        with pytest.raises(IdentityError, match="its certificate has changed"):
            await identify(of, SystemClock(), known, web_port=server.port)
    assert len(server.asked) == 1


async def test_a_page_gets_no_password_in_clear() -> None:
    async def ask(visitor: Visitor, _asked: Asked) -> None:
        await visitor.send(response("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'))

    async with serving_pages(WebCamera(ask)) as server:
        for allowed in (False, True):
            of = camera(vendor="dahua", user="u", password=SecretStr("hunter2"), allow_basic=allowed)
            with pytest.raises(IdentityError):
                await identify(of, SystemClock(), web_port=server.port)
            sent = any("authorization" in asked.headers for asked in server.asked)
            assert sent is allowed


async def test_where_nobody_listens_it_is_said() -> None:
    with pytest.raises(IdentityError, match="refused"):
        await identify(camera(vendor="hikvision"), SystemClock(), web_port=free_port())
