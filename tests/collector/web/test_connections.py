"""Slow, idle and greedy clients of a real server, on real sockets."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pantau_collector.web import connections
from pantau_collector.web.connections import Connections
from pantau_collector.web.server import PortTakenError, WebServer
from tests.servers.process import free_port

LARGE = b"x" * (8 << 20)


async def small(request: Request) -> Response:
    body = await request.body()
    return Response(f"{len(body)}")


async def large(_: Request) -> Response:
    return Response(LARGE)


async def slow(_: Request) -> Response:
    await asyncio.sleep(2)
    return Response("slow")


APP = Starlette(routes=[Route("/", small, methods=["GET", "POST"]), Route("/large", large), Route("/slow", slow)])


class Served:
    def __init__(self, port: int, limits: Connections) -> None:
        self.port = port
        self.limits = limits
        self._stack = ExitStack()

    def connect(self, sent: bytes = b"") -> socket.socket:
        client = self._stack.enter_context(socket.create_connection(("127.0.0.1", self.port), 60))
        client.sendall(sent)
        return client

    def get(self, path: str = "/") -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=60)


@contextmanager
def serving(**limits: Any) -> Iterator[Served]:
    counted = Connections(**limits)
    port = free_port()
    server = WebServer(APP, "127.0.0.1", port, counted)
    server.start()
    served = Served(port, counted)
    try:
        with served._stack:
            yield served
    finally:
        server.stop()


def until(true: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_ended(client: socket.socket) -> bool:
    """Wait until the other side has ended the connection."""
    client.settimeout(60)
    with suppress(ConnectionError):
        while client.recv(65_536):
            pass
    return True


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"


def test_the_limits_are_those_of_readme() -> None:
    assert (connections.MAX_CONNECTIONS, connections.MAX_OF_ADDRESS) == (512, 64)
    assert (connections.HEAD_WITHIN_S, connections.DONE_WITHIN_S) == (10, 60)
    assert connections.MAX_RECEIVED == 131_072


def test_a_connection_that_brings_no_request_is_ended() -> None:
    with serving(head_within_s=0.2) as served:
        silent, half = served.connect(), served.connect(b"GET / HTTP/1.1\r\nHost:")
        assert is_ended(silent)
        assert is_ended(half)
        assert served.limits.ended == 2
        until(lambda: len(served.limits) == 0)


def test_a_head_that_drips_is_ended_all_the_same() -> None:
    with serving(head_within_s=0.5) as served:
        client = served.connect(b"GET / HTTP/1.1\r\n")

        def drip() -> None:
            for _ in range(6000):
                client.sendall(b"X: y\r\n")
                time.sleep(0.01)

        with pytest.raises(ConnectionError):
            drip()


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    with serving(head_within_s=0.2) as served:
        assert is_ended(served.connect(HEAD + b"123"))


def test_an_answer_that_nobody_fetches_is_dropped() -> None:
    with serving(done_within_s=0.5, head_within_s=0.5) as served:
        client = served.connect(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        until(lambda: served.limits.ended == 1)
        received = 0
        with suppress(ConnectionError):
            while piece := client.recv(1 << 20):
                received += len(piece)
        assert received < len(LARGE)


def test_an_answer_may_take_longer_than_a_head() -> None:
    with serving(head_within_s=1) as served:  # half of what the answer takes
        assert served.get("/slow").text == "slow"
        assert served.limits.ended == 0


def test_a_body_without_end_is_not_read() -> None:
    with serving() as served:
        client = served.connect(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1099511627776\r\n\r\n")

        def pour() -> None:
            for _ in range(1 << 14):
                client.sendall(b"x" * 65_536)

        with pytest.raises(ConnectionError):
            pour()
        assert served.limits.ended == 1


def test_a_head_without_end_is_refused() -> None:
    with serving() as served:
        client = served.connect()
        with suppress(ConnectionError):
            client.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000)
        with suppress(ConnectionError):
            assert client.recv(65_536).startswith(b"HTTP/1.1 400")
        assert is_ended(client)


def test_thousands_of_idle_connections_keep_nobody_out() -> None:
    with serving(most=16) as served:
        for _ in range(400):
            served.connect()
            assert len(served.limits) <= 16
        assert served.get().status_code == 200
        assert served.limits.ended >= 384


def test_a_request_under_way_is_not_ended_for_a_newcomer() -> None:
    with serving(most=4) as served:
        working = served.connect(HEAD)
        until(lambda: any(each.is_busy for each in list(served.limits._open)))
        for _ in range(50):
            served.connect()
        working.sendall(b"0123456789")
        assert b"HTTP/1.1 200" in working.recv(65_536)


def test_where_all_are_busy_the_newcomer_is_refused() -> None:
    with serving(most=3) as served:
        working = [served.connect(HEAD) for _ in range(3)]
        until(lambda: sum(each.is_busy for each in list(served.limits._open)) == 3)
        assert is_ended(served.connect())
        for each in working:
            each.sendall(b"0123456789")
            assert b"HTTP/1.1 200" in each.recv(65_536)


def test_one_address_has_its_share_and_loopback_and_proxies_have_all(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(most_of_address=2) as served:
        clients = [served.connect() for _ in range(20)]
        until(lambda: len(served.limits) == 20)
        assert served.limits.ended == 0
        assert len(clients) == 20
    monkeypatch.setattr(Connections, "_is_unlimited", lambda _self, _address: False)
    with serving(most_of_address=2) as served:
        for _ in range(20):
            served.connect()
        until(lambda: served.limits.ended == 18)
        assert served.get().status_code == 200


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("10.0.0.5", 1), "10.0.0.5"),
        (("::ffff:10.0.0.5", 1), "10.0.0.5"),
        (("2001:db8:1:2:3::4", 1), "2001:db8:1:2::/64"),
        (("::1", 1), "::1"),
        (("unix", 1), "unix"),
        (None, ""),
    ],
)
def test_an_address_of_ipv6_counts_by_its_network(client: tuple[str, int] | None, address: str) -> None:
    assert connections._address(client) == address


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"web.port: 127.0.0.1:{port} cannot be listened on"):
            WebServer(APP, "127.0.0.1", port, Connections())
