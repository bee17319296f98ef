"""The one HTTP client of the collector, against real servers that mean ill."""

import http.server
import socket
import ssl
import threading
from pathlib import Path

import pytest

from pantau_collector.exchanges import MAX_ANSWER, ExchangeError, HttpClient
from pantau_collector.exchanges.http_client import MAX_HEAD
from pantau_collector.exchanges.limits import connect, limited
from tests.agent.certificate import make_certificate
from tests.servers import hostile
from tests.servers.http import Quiet, serve
from tests.servers.process import free_port

LATE = "gave no whole answer within 0.3 s"


def ask(url: str, within_s: float = 0.3) -> tuple[int, int]:
    answer = HttpClient(within_s=within_s).request("POST", url, body=b"x")
    return answer.status, len(answer.body)


def test_the_documented_limits() -> None:
    assert (MAX_ANSWER, MAX_HEAD) == (65_536, 65_536)


@pytest.mark.parametrize("behaviour", [hostile.DRIPPING_HEAD, hostile.DRIPPING_BODY, hostile.silent])
def test_a_server_that_drips_its_answer_is_given_up_at_the_deadline_of_the_whole(
    behaviour: hostile.Behaviour,
) -> None:
    with hostile.hostile(behaviour) as server, pytest.raises(ExchangeError, match=LATE):
        ask(server.url)


def test_of_an_endless_answer_64_kb_are_read() -> None:
    with hostile.hostile(hostile.ENDLESS_BODY) as server:
        assert ask(server.url, within_s=60) == (200, 65_536)


@pytest.mark.parametrize("behaviour", [hostile.ENDLESS_INTERIM, hostile.ENDLESS_HEAD, hostile.ENDLESS_CHUNKS])
def test_headers_interim_answers_and_tiny_chunks_without_end_are_given_up_by_their_length(
    behaviour: hostile.Behaviour,
) -> None:
    with hostile.hostile(behaviour) as server, pytest.raises(ExchangeError, match="sent too long an answer"):
        ask(server.url, within_s=60)


def test_a_handshake_that_does_not_come_and_an_answer_that_drips_over_tls_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.key)

    def over_tls(connection: socket.socket, over: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            hostile.DRIPPING_HEAD(secured, over)

    with hostile.hostile(over_tls) as server, pytest.raises(ExchangeError, match=LATE):
        ask(f"https://127.0.0.1:{server.port}/")
    with hostile.hostile(hostile.silent) as server, pytest.raises(ExchangeError, match=LATE):
        ask(f"https://127.0.0.1:{server.port}/")


class Elsewhere(Quiet, http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append(self.path)
        self.send_response(307)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_a_redirect_is_an_answer_and_not_followed_and_the_connection_is_used_again() -> None:
    seen: list[str] = []
    handler = type("Here", (Elsewhere,), {"requests": seen})
    with serve(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as server:
        client = HttpClient(within_s=60)
        for _ in range(2):
            answer = client.request("POST", f"http://127.0.0.1:{server.server_port}/x", body=b"x")
            assert (answer.status, answer.headers["Location"]) == (307, "/elsewhere")
        client.close()
    assert seen == ["/x", "/x"]


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://127.0.0.1:{port}/", "cannot be reached: Connection refused"),
        ("http://nowhere.invalid/", "cannot be reached: its name is not known"),
        ("http://.secret-host.example/", "cannot be reached: "),
        ("http://127.0.0.1:99999/", "cannot be reached: "),
    ],
)
def test_why_there_is_no_answer_is_told_without_the_address(url: str, text: str) -> None:
    with pytest.raises(ExchangeError) as error:
        ask(url.format(port=free_port()), within_s=60)
    assert str(error.value).startswith(text)
    assert "secret-host" not in str(error.value)


def test_a_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.key)

    def over_tls(connection: socket.socket, _over: threading.Event) -> None:
        context.wrap_socket(connection, server_side=True)

    with (
        hostile.hostile(over_tls) as server,
        pytest.raises(ExchangeError, match="its certificate is not valid"),
    ):
        ask(f"https://127.0.0.1:{server.port}/", within_s=60)


def test_many_addresses_of_one_name_get_no_more_time_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses of TEST-NET-1 (RFC 5737) stand for a name with hundreds of addresses at which nothing answers."""
    tried: list[str] = []
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{number}", 80)) for number in range(1, 201)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)

    def slow(self: socket.socket, address: tuple[str, int]) -> None:
        tried.append(address[0])
        threading.Event().wait(self.gettimeout())
        raise TimeoutError("timed out")

    monkeypatch.setattr("socket.socket.connect", slow)
    with limited(0.2, 1), pytest.raises(TimeoutError):
        connect("many.example", 80)
    assert tried == ["192.0.2.1"]


def test_a_sockets_own_time_is_cut_to_what_is_left_of_the_exchange() -> None:
    def late(connection: socket.socket, over: threading.Event) -> None:
        over.wait(10)
        connection.sendall(b"too late")

    with hostile.hostile(late) as server, limited(0.3, 100), connect("127.0.0.1", server.port) as connection:
        connection.settimeout(60)
        with pytest.raises(TimeoutError):
            connection.recv(100)
