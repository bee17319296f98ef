import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from pantau_simcam import Fault, Simcam
from pantau_simcam.faults import MOMENTARY
from tests.simcam.rtsp_client import Client
from tests.simcam.small import spec

CONTEXT = ssl.create_default_context()
"""Made once: httpx would make one for each client, which takes longer than a test."""


@pytest.fixture
async def simcam() -> AsyncIterator[Simcam]:
    async with Simcam([spec("gate"), spec("road")], control_port=0) as simcam:
        yield simcam


@pytest.fixture
async def control(simcam: Simcam) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=simcam.control_url, trust_env=False, verify=CONTEXT) as client:
        yield client


async def test_every_camera_is_listed_with_its_url_fault_and_sessions(
    simcam: Simcam, control: httpx.AsyncClient
) -> None:
    async with Client(simcam.url("gate")) as client:
        await client.setup()
        cameras = (await control.get("/cameras")).json()
    assert [camera["id"] for camera in cameras] == ["gate", "road"]
    assert cameras[0] == {
        "id": "gate",
        "url": simcam.url("gate"),
        "codec": "h264",
        "fault": None,
        "sessions": {
            "open": 1,
            "highest": 1,
            "total": 1,
            "teardowns": 0,
            "abandoned": 0,
            "expired": 0,
            "ended": 0,
            "failed_logins": 0,
            "audio": 0,
        },
        "late_s": 0,
    }
    assert (await control.get("/cameras/road")).json() == cameras[1]


async def test_a_fault_is_set_shown_and_cleared(simcam: Simcam, control: httpx.AsyncClient) -> None:
    answer = await control.put("/cameras/gate/fault", json={"fault": "loss", "percent": 12.5})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["fault"] == {"fault": "loss", "percent": 12.5}
    setting = simcam.fault("gate")
    assert setting is not None
    assert (setting.fault, setting.amount) == (Fault.LOSS, 12.5)
    assert (await control.put("/cameras/gate/fault", json={"fault": "wrong_clock"})).json()["fault"] == {
        "fault": "wrong_clock",
        "seconds": 300,
    }
    assert (await control.delete("/cameras/gate/fault")).json()["fault"] is None
    assert simcam.fault("gate") is None
    assert simcam.fault("road") is None


@pytest.mark.parametrize("fault", Fault)
async def test_every_fault_can_be_set_by_its_name(control: httpx.AsyncClient, fault: Fault) -> None:
    answer = await control.put("/cameras/gate/fault", json={"fault": fault})
    assert answer.status_code == 200
    shown = answer.json()["fault"]
    assert shown is None if fault in MOMENTARY else shown["fault"] == fault


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/", b"", 404, "no such path: /; try /cameras"),
        ("GET", "/cameras/gat", b"", 404, "no camera 'gat'; there are gate, road"),
        ("PUT", "/cameras/gat/fault", b'{"fault": "stall"}', 404, "no camera 'gat'"),
        (
            "POST",
            "/cameras/gate/fault",
            b'{"fault": "stall"}',
            405,
            "POST is not for this path; use PUT or DELETE",
        ),
        ("DELETE", "/cameras", b"", 405, "use GET"),
        ("PUT", "/cameras/gate/fault", b"", 400, "the body must be JSON"),
        ("PUT", "/cameras/gate/fault", b"\xff", 400, "the body must be JSON"),
        ("PUT", "/cameras/gate/fault", b"[" * 60_000, 400, "the body must be JSON"),
        ("PUT", "/cameras/gate/fault", b"[]", 400, "the body must be an object with a fault"),
        ("PUT", "/cameras/gate/fault", b"{}", 400, "the body must be an object with a fault"),
        ("PUT", "/cameras/gate/fault", b'{"fault": 3}', 400, "the body must be an object with a fault"),
        ("PUT", "/cameras/gate/fault", b'{"fault": "odd"}', 400, "'odd' does not exist; it must be one of stall,"),
        (
            "PUT",
            "/cameras/gate/fault",
            b'{"fault": "loss", "percent": null}',
            400,
            "'percent' of fault 'loss' must",
        ),
        ("PUT", "/cameras/gate/fault", b'{"fault": "loss", "camera": "x"}', 400, "takes only 'percent'"),
        ("PUT", "/cameras/gate/fault", b'{"fault": "loss", "self": 1}', 400, "takes only 'percent'"),
        ("PUT", "/cameras/gate/fault", b"x" * 70_000, 413, "Content-Length must be a number up to"),
    ],
)
async def test_a_wrong_request_is_told_and_changes_nothing(
    simcam: Simcam, control: httpx.AsyncClient, method: str, path: str, body: bytes, status: int, said: str
) -> None:
    answer = await control.request(method, path, content=body)
    assert answer.status_code == status
    assert said in answer.json()["error"]
    assert simcam.fault("gate") is None


@pytest.mark.parametrize(
    "request_",
    [b"hello\r\n\r\n", b"GET /cameras\r\n\r\n", b"GET /cameras HTTP/1.1\r\nA: " + b"x" * 20_000 + b"\r\n\r\n"],
)
async def test_what_is_no_http_is_answered_with_an_error_and_closed(simcam: Simcam, request_: bytes) -> None:
    host, port = simcam.control_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request_)
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 4")
    said: Any = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert said["error"]
