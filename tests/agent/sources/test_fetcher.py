"""What is fetched for the process that reads a stream: the camera's own files, by its login."""

import asyncio
import time

import pytest

from pantau_agent.sources.fetcher import Fetcher
from pantau_agent.sources.target import Target
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import Failure, Kind
from pantau_agent.streams.url import parse
from pantau_contract.words.evidence import Detail
from tests.agent.eventually import eventually
from tests.agent.http.camera import Asked, Camera, Visitor, response, serving


class Received:
    """The pieces of each file, whether it has ended, and what ended the session."""

    def __init__(self) -> None:
        self.files: dict[int, bytes] = {}
        self.ended: dict[int, str] = {}
        self.failures: list[Failure] = []

    def deliver(self, file: int, data: bytes, problem: Detail) -> None:
        self.files[file] = self.files.get(file, b"") + data
        if not data:
            self.ended[file] = problem


async def fetched(camera: Camera, *addresses: str, scheme: str = "http") -> Received:
    """Fetch files one after another, and return what came."""
    received = Received()
    target = Target(parse(f"{scheme}://127.0.0.1:{camera.port}/x.m3u8"), Credentials("u", "p"))
    fetcher = Fetcher(target, time.monotonic, "seen=1", received.deliver, received.failures.append)
    for number, address in enumerate(addresses, 1):
        fetcher.open(number, address)
        while number not in received.ended:
            fetcher.more(number)
            await asyncio.sleep(0.01)
    await fetcher.close()
    return received


async def give(visitor: Visitor, asked: Asked) -> None:
    if asked.path == "/moved":
        await visitor.send(response("302 Found", "Location: http://127.0.0.9/latest/meta-data"))
    elif asked.path == "/gone":
        await visitor.send(response("404 Not Found"))
    else:
        await visitor.send(response("200 OK", body=asked.path.encode() * 1000))


async def test_the_cameras_own_files_come_over_one_connection_with_its_cookies() -> None:
    async with serving(Camera(give)) as camera:
        received = await fetched(camera, "a.ts", "/b.ts?c=1", f"http://127.0.0.1:{camera.port}/d", "/gone", "/e")
        assert received.files == {
            1: b"/a.ts" * 1000,
            2: b"/b.ts?c=1" * 1000,
            3: b"/d" * 1000,
            4: b"",
            5: b"/e" * 1000,
        }
        assert [received.ended[number] for number in (1, 2, 3, 5)] == [""] * 4
        assert "404" in received.ended[4]
        assert {asked.headers["cookie"] for asked in camera.asked} == {"seen=1"}
    assert received.failures == []


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.9/latest/meta-data",
        "//127.0.0.9/x",
        "file:///etc/passwd",
        "concat:/etc/passwd|/etc/passwd",
        "data:text/plain;base64,AAAA",
        "tcp://127.0.0.1:22",
        "rtmp://127.0.0.1/a/b",
        "/moved",
    ],
)
async def test_nothing_else_is_fetched(address: str) -> None:
    async with serving(Camera(give)) as camera:
        received = await fetched(camera, address)
        assert received.files == {1: b""}
        assert received.ended[1] != ""
        assert [asked.path for asked in camera.asked] in ([], ["/moved"])


@pytest.mark.parametrize("how", ["stated", "by a redirect"])
async def test_another_host_is_not_even_connected_to(how: str) -> None:
    visits: list[str] = []

    async def visit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append("one")
        writer.close()

    elsewhere = await asyncio.start_server(visit, "127.0.0.9", 0)
    url = f"http://127.0.0.9:{elsewhere.sockets[0].getsockname()[1]}/meta-data"

    async def move(visitor: Visitor, _asked: Asked) -> None:
        await visitor.send(response("302 Found", f"Location: {url}"))

    async with elsewhere, serving(Camera(move)) as camera:
        await fetched(camera, url if how == "stated" else "a.ts")
    assert visits == []


async def test_out_of_tls_nothing_is_fetched() -> None:
    async with serving(Camera(give)) as camera:
        received = await fetched(camera, f"http://127.0.0.1:{camera.port}/a.ts", scheme="https")
        assert (received.files, camera.asked) == ({1: b""}, [])


async def test_a_password_that_one_file_refuses_ends_the_session() -> None:
    async def refuse(visitor: Visitor, _asked: Asked) -> None:
        await visitor.send(response("401 No", 'WWW-Authenticate: Digest realm="x", nonce="n"'))

    async with serving(Camera(refuse)) as camera:
        received = await fetched(camera, "a.ts")
        assert await eventually(lambda: [failure.kind for failure in received.failures] == [Kind.WRONG_PASSWORD])
        assert len([asked for asked in camera.asked if "authorization" in asked.headers]) == 1
