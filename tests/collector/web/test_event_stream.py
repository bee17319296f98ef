import asyncio
import threading
from collections.abc import Iterable
from typing import Any, Self

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pantau_collector.web.connections import Connections
from pantau_collector.web.event_stream import Event, EventStreams, StreamLimits, Viewer
from pantau_collector.web.server import WebServer
from tests.servers.process import free_port

WITHIN_S = 60


class Number:
    """A feed that shows a number; it counts how often it is asked, and for what."""

    def __init__(self) -> None:
        self.value = 0
        self.asked = self.compared = 0

    def state(self) -> int:
        self.asked += 1
        return self.value

    def whole(self, state: int, /) -> Iterable[Event]:
        yield Event("whole", f"{state}\nof many")

    def changes(self, before: int, after: int, /) -> Iterable[Event]:
        self.compared += 1
        yield Event("step", f"{before} {after}")


class Streaming:
    """A server that streams the number, with what is in it."""

    def __init__(self, limits: StreamLimits) -> None:
        self.feed = Number()
        self.streams = EventStreams(limits)
        self.connections = Connections()
        app = Starlette(routes=[Route("/", self.answer)])
        self.port = free_port()
        self._server = WebServer(app, "127.0.0.1", self.port, self.connections)

    async def answer(self, request: Request) -> Response:
        channel = self.streams.channel("number", lambda: self.feed)
        account = request.query_params.get("account", "ani")
        viewer = Viewer(account, request.query_params.get("address", "10.1.1.1"))
        return self.streams.open(channel, viewer, request.headers.get("last-event-id", ""))

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.streams.stop()
        self._server.stop()

    async def open(self, query: str = "", last_id: str = "") -> "Reader":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
        seen = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        writer.write(f"GET /?{query} HTTP/1.1\r\nHost: localhost\r\n{seen}\r\n".encode())
        return Reader(reader, writer)


class Reader:
    """The other end of a stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def status(self) -> int:
        line = await asyncio.wait_for(self._reader.readline(), WITHIN_S)
        return int(line.split()[1])

    async def event(self) -> dict[str, str]:
        """Return the next event but signs of life, as its fields; the lines of its data are joined by |."""
        fields: dict[str, str] = {}
        while True:
            line = (await asyncio.wait_for(self._reader.readline(), WITHIN_S)).decode().rstrip()
            if not line and "event" in fields and fields["event"] != "beat":
                return fields
            if not line:
                fields = {}
            key, colon, value = line.partition(": ")
            if colon and key in {"id", "event", "data"}:
                fields[key] = f"{fields[key]}|{value}" if key in fields else value

    async def ended(self) -> bool:
        return await asyncio.wait_for(self._reader.read(), WITHIN_S) is not None and self._reader.at_eof()

    def close(self) -> None:
        self._writer.close()


async def until(condition: Any) -> None:
    for _ in range(WITHIN_S * 20):
        if condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not happen")


async def test_a_viewer_sees_all_and_then_each_change_and_resumes_where_they_were() -> None:
    with Streaming(StreamLimits(every_s=0.05)) as server:
        viewer = await server.open()
        first = await viewer.event()
        assert (first["event"], first["data"]) == ("whole", "0|of many")
        server.feed.value = 1
        second = await viewer.event()
        assert (second["event"], second["data"]) == ("step", "0 1")
        viewer.close()
        await until(lambda: server.streams.opened == 0)
        server.feed.value = 2
        again = await server.open(last_id=second["id"])
        assert (await again.event())["data"] == "1 2"
        stranger = await server.open(last_id="ffffffff-1")
        assert (await stranger.event())["event"] == "whole"


async def test_fifty_viewers_of_the_same_cost_one_look_and_one_encoding() -> None:
    with Streaming(StreamLimits(every_s=0.05)) as server:
        viewers = [await server.open() for _ in range(48)]
        for each in viewers:
            await each.event()
        asked, server.feed.compared = server.feed.asked, 0
        server.feed.value = 7
        for each in viewers:
            assert (await each.event())["data"] == "0 7"
        assert server.feed.compared == 1
        assert server.feed.asked - asked < 48, "each viewer has the feed asked again"


async def test_streams_that_are_too_many_are_refused_with_a_reason_and_room_comes_back() -> None:
    limits = StreamLimits(most=6, of_account=4, of_address=3, every_s=0.05)
    kept: list[Reader] = []
    with Streaming(limits) as server:
        for query, opened in (("", 3), ("address=10.1.1.2", 1), ("account=budi&address=10.1.1.3", 2)):
            for _ in range(opened):
                kept.append(await server.open(query))
                assert await kept[-1].status() == 200
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
            for query, said in (
                ("account=cici&address=10.1.1.9", "there are 6 open streams"),
                ("address=10.1.1.9", "there are 6 open streams"),
            ):
                answer = await client.get(f"/?{query}")
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
                assert answer.text.startswith(said)
        server.streams.limits = StreamLimits(most=600, of_account=4, of_address=3)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
            assert "this account has 4" in (await client.get("/?address=10.1.1.9")).text
            assert "this address has 3" in (await client.get("/?account=cici")).text
        assert server.streams.refused == 4


async def test_a_thousand_streams_are_refused_beyond_the_limit_and_leave_nothing_behind() -> None:
    with Streaming(StreamLimits(most=40, of_account=2000, of_address=2000, every_s=0.05)) as server:
        server.connections._most = 2000
        taken: list[Reader] = []
        for i in range(1000):
            viewer = await server.open()
            assert await viewer.status() == (200 if i < 40 else 503)
            if i < 40:
                taken.append(viewer)
            else:
                viewer.close()
        assert server.streams.opened == 40
        for viewer in taken:
            viewer.close()
        await until(lambda: server.streams.opened == 0)
        assert not server.streams._of_account
        assert not server.streams._of_address
        assert await (await server.open()).status() == 200


async def test_a_slow_viewer_is_dropped_and_the_others_see_everything() -> None:
    limits = StreamLimits(every_s=0.01, queued=4)
    with Streaming(limits) as server:
        large = "x" * 200_000
        server.feed.changes = lambda _before, after: [Event("step", f"{after} {large}")]  # type: ignore[method-assign]
        slow, quick = await server.open(), await server.open()
        await quick.event()
        for i in range(1, 200):
            server.feed.value = i
            assert (await quick.event())["data"].startswith(f"{i} ")
            if server.streams.dropped or all(len(c.viewers) == 1 for c in server.streams._channels.values()):
                break
        else:
            pytest.fail("what waits for the slow viewer grows")
        slow.close()


async def test_a_stream_ends_by_itself_so_that_rights_are_asked_again() -> None:
    with Streaming(StreamLimits(every_s=0.05, lasts_s=0.5)) as server:
        viewer = await server.open()
        assert await viewer.ended()


async def test_a_feed_that_fails_ends_its_own_streams_alone() -> None:
    with Streaming(StreamLimits(every_s=0.05)) as server:
        viewer = await server.open()
        await viewer.event()
        server.feed.state = lambda: 1 // 0  # type: ignore[method-assign]
        assert await viewer.ended()
        server.feed = Number()
        assert (await (await server.open()).event())["event"] == "whole"


async def test_the_server_stops_soon_although_streams_are_open() -> None:
    server = Streaming(StreamLimits(every_s=0.05))
    with server:
        viewer = await server.open()
        await viewer.event()
        stopping = threading.Thread(target=server.__exit__)
        stopping.start()
        assert await viewer.ended()
        await asyncio.to_thread(stopping.join, WITHIN_S)
        assert not stopping.is_alive()
