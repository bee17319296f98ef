"""ONVIF requests to a camera that checks logins, and fails as the test says."""

import asyncio
import datetime as dt
from typing import Literal

import pytest

from pantau_agent.clock import SystemClock
from pantau_agent.onvif.device import Information, OnvifDevice
from pantau_agent.onvif.document import MAX_DOCUMENT
from pantau_agent.onvif.errors import (
    ClosedError,
    LoginRefusedError,
    NotOnvifError,
    OnvifError,
    SilentError,
    SoapFaultError,
    UnreachableError,
)
from pantau_agent.onvif.media import channels
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.url import parse
from tests.agent.onvif.camera import MEDIA_1, MEDIA_2, OnvifCamera, http, serving
from tests.servers.process import free_port

INFORMATION = Information("HIKVISION", "DS-2CD2142FWD-I", "V5.4.0 build 160530", "1")


def device(camera: OnvifCamera, password: str | None = None, *, timeout_s: float = 20) -> OnvifDevice:
    credentials = Credentials(camera.user, camera.password if password is None else password)
    return OnvifDevice(parse(camera.url), credentials, SystemClock(), timeout_s=timeout_s)


async def asked_for(camera: OnvifCamera, password: str | None = None, *, timeout_s: float = 20) -> Information:
    async with serving(camera):
        onvif = device(camera, password, timeout_s=timeout_s)
        await onvif.open()
        return await onvif.information()


@pytest.mark.parametrize("wants", ["token", "digest", "nothing"])
async def test_a_camera_tells_what_it_is_however_it_wants_the_login(
    wants: Literal["token", "digest", "nothing"],
) -> None:
    camera = OnvifCamera(wants=wants)
    assert await asked_for(camera) == INFORMATION
    assert camera.asked[0] == "GetSystemDateAndTime"
    assert camera.logins == (0 if wants == "nothing" else 1)


@pytest.mark.parametrize("behind", [dt.timedelta(days=-3, minutes=-7), dt.timedelta(days=8000)])
async def test_a_request_is_signed_by_a_wrong_camera_clock(behind: dt.timedelta) -> None:
    camera = OnvifCamera(behind=behind)
    async with serving(camera):
        onvif = device(camera)
        await onvif.open()
        assert await onvif.information() == INFORMATION
    assert camera.logins == 1
    assert onvif.clock_offset_s is not None
    assert abs(onvif.clock_offset_s + behind.total_seconds()) < 60


async def test_a_camera_that_tells_its_local_time_as_utc_is_logged_in_to() -> None:
    camera = OnvifCamera(told=dt.timedelta(hours=7))
    async with serving(camera):
        onvif = device(camera)
        await onvif.open()
        assert await onvif.information() == INFORMATION
        assert camera.logins == 2
        await onvif.profiles()
    assert camera.logins == 4  # its services and its profiles: what worked is remembered


@pytest.mark.parametrize("wants", ["token", "digest"])
async def test_a_wrong_password_is_sent_once_however_much_is_asked(wants: Literal["token", "digest"]) -> None:
    camera = OnvifCamera(wants=wants)
    async with serving(camera):
        onvif = device(camera, "wrong")
        await onvif.open()
        for _ in range(3):
            with pytest.raises(LoginRefusedError, match="user and password that are given"):
                await onvif.information()
        with pytest.raises(LoginRefusedError):
            await onvif.profiles()
    assert camera.logins == 1


async def test_a_camera_that_takes_each_nonce_once_is_asked_on() -> None:
    camera = OnvifCamera(wants="digest", nonces_once=True)
    async with serving(camera):
        onvif = device(camera)
        await onvif.open()
        assert await onvif.information() == INFORMATION
        assert await onvif.information() == INFORMATION
        assert len(await onvif.profiles()) == 3


async def test_no_password_is_given_to_who_asks_for_it_in_clear() -> None:
    camera = OnvifCamera(wants="basic")
    with pytest.raises(LoginRefusedError) as refused:
        await asked_for(camera)
    assert camera.logins == 1  # a token, which shows nothing
    assert camera.password not in str(refused.value)


async def test_without_a_password_it_is_said_that_one_is_asked_for() -> None:
    camera = OnvifCamera()
    async with serving(camera):
        onvif = OnvifDevice(parse(camera.url), None, SystemClock())
        await onvif.open()
        with pytest.raises(LoginRefusedError, match="asks for a user and password"):
            await onvif.information()
    assert camera.logins == 0


@pytest.mark.parametrize("media", [MEDIA_1, MEDIA_2])
async def test_both_streams_and_the_still_picture_are_found(media: str) -> None:
    camera = OnvifCamera(media=media)
    async with serving(camera):
        onvif = device(camera)
        await onvif.open()
        ((main, sub),) = channels(await onvif.profiles())
        assert sub is not None
        assert (main.width, main.encoding) == (1920, "H265" if media == MEDIA_2 else "H264")
        assert (sub.width, sub.height) == (640, 360)
        # The password that the camera put into the address is gone.
        assert await onvif.stream_url(main) == "rtsp://127.0.0.1/live/main?a=1&b=2"
        assert await onvif.stream_url(sub) == "rtsp://127.0.0.1/live/sub?a=1&b=2"
        assert (
            await onvif.still_url(main)
            == (f"http://127.0.0.1:{camera.port}/still.jpg" if media == MEDIA_1 else None)
            or media == MEDIA_2
        )


async def test_an_older_camera_is_asked_for_its_capabilities() -> None:
    camera = OnvifCamera(knows_services=False)
    async with serving(camera):
        onvif = device(camera)
        await onvif.open()
        assert len(await onvif.profiles()) == 3
    assert "GetCapabilities" in "".join(camera.asked)


async def test_the_address_of_a_stream_behind_a_nat_is_mended() -> None:
    camera = OnvifCamera(stream_host="192.0.2.9", stream_port=80, rtsp_port=8554)
    async with serving(camera):
        onvif = device(camera)
        await onvif.open()
        main = (await onvif.profiles())[0]
        assert await onvif.stream_url(main) == "rtsp://127.0.0.1:8554/live/main?a=1&b=2"


@pytest.mark.parametrize("uri", ["rtsp://127.0.0.1/x", "http://www.example.com/ad.jpg", "nonsense", "http://"])
async def test_a_still_address_that_is_of_no_use_is_left_out(uri: str) -> None:
    camera = OnvifCamera(still_uri=uri)
    async with serving(camera):
        onvif = device(camera)
        await onvif.open()
        assert await onvif.still_url((await onvif.profiles())[0]) is None


BOMB = b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaa">' + b"".join(
    b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 50 if n else b"a") for n in range(20)
)
GARBAGE = [
    http(BOMB + b"]><b>&a19;</b>"),
    http("<!DOCTYPE b><b/>".encode("utf-16")),
    http(b"<a>" * 100_000),
    http(b"<a/>" * 300_000),
    http(b"\x00\xff" * 500),
    http(b""),
    http(b"<html>Not found</html>", status="404 Not Found"),
    http(b"{}"),
    b"RTSP/1.0 200 OK\r\n\r\n",
    b"\x00" * 5000,
    http(b"<Envelope><Body/></Envelope>"),
    http(b"<Envelope><Body><GetSystemDateAndTimeResponse>", length=None),
]


@pytest.mark.parametrize("answer", GARBAGE, ids=range(len(GARBAGE)))
async def test_what_is_not_onvif_is_told_and_not_followed(answer: bytes) -> None:
    camera = OnvifCamera(answers={"GetSystemDateAndTime": answer, "GetDeviceInformation": answer})
    async with asyncio.timeout(60):
        with pytest.raises(NotOnvifError):
            await asked_for(camera)
    assert camera.logins == 0


async def test_a_giant_answer_is_cut_off() -> None:
    camera = OnvifCamera(answers={"GetDeviceInformation": http(b"x" * (MAX_DOCUMENT + 1), length=1 << 40)})
    with pytest.raises(NotOnvifError, match="over the limit"):
        await asked_for(camera)


async def test_a_camera_that_says_nothing_is_given_up() -> None:
    camera = OnvifCamera(silent={"GetSystemDateAndTime", "GetDeviceInformation"})
    async with asyncio.timeout(60):
        with pytest.raises(SilentError, match=r"within 0\.3 s"):
            await asked_for(camera, timeout_s=0.3)


async def test_where_nobody_listens_it_is_said() -> None:
    url = parse(f"http://127.0.0.1:{free_port()}/onvif/device_service")
    with pytest.raises(UnreachableError, match="refused"):
        await OnvifDevice(url, None, SystemClock()).open()


async def test_an_answer_that_breaks_off_is_told() -> None:
    camera = OnvifCamera(answers={"GetDeviceInformation": http(b"<Envelope>", length=1000)})
    with pytest.raises(ClosedError, match="in the middle"):
        await asked_for(camera)


async def test_a_fault_is_told_in_the_cameras_words() -> None:
    camera = OnvifCamera()
    async with serving(camera):
        onvif = device(camera)
        await onvif.open()
        fault = b"<Fault><Reason><Text>out of\n  paper</Text></Reason></Fault>"
        camera.answers["GetDeviceInformation"] = http(
            b"<Envelope><Body>%s</Body></Envelope>" % fault, status="500 X"
        )
        with pytest.raises(SoapFaultError, match="out of paper"):
            await onvif.information()


async def test_no_error_shows_the_password() -> None:
    manners: list[Literal["token", "digest", "basic"]] = ["token", "digest", "basic"]
    for wants in manners:
        with pytest.raises(OnvifError) as error:
            await asked_for(OnvifCamera(wants=wants, user="someone", password="hunter2"), "wr0ng")
        assert "wr0ng" not in repr(error.value) + str(error.value)
