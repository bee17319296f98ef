import socket
from collections.abc import Iterator
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from pantau_demo.uplink import Uplink
from tests.servers.process import free_port


class Echo(BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(1000):
            self.request.sendall(data)


@pytest.fixture
def uplink() -> Iterator[tuple[Uplink, int]]:
    with ThreadingTCPServer(("127.0.0.1", 0), Echo) as far:
        far.daemon_threads = True
        Thread(target=far.serve_forever, daemon=True).start()
        port = free_port()
        relay = Uplink(port, far.server_address[1])
        relay.start()
        yield relay, port
        relay.stop()
        far.shutdown()


def connect(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    client.sendall(b"one")
    assert client.recv(10) == b"one"
    return client


def test_a_lost_uplink_passes_nothing_and_closes_nothing(uplink: tuple[Uplink, int]) -> None:
    relay, port = uplink
    with connect(port) as client:
        relay.lose()
        client.sendall(b"two")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(10)


def test_a_mended_uplink_closes_what_hung_and_takes_new_connections(uplink: tuple[Uplink, int]) -> None:
    relay, port = uplink
    with connect(port) as client:
        relay.lose()
        relay.mend()
        assert client.recv(10) == b""
    connect(port).close()
