"""nginx before the wall, as its role sets it up: TLS, who asks by their address, a login where there is one."""

import http.client
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.deploy.playbook import Machine
from tests.servers.process import Server, free_port, is_listening
from tests.servers.programs import require_program

NAME = "wall.example"


class _Upstream(BaseHTTPRequestHandler):
    """Answers with the path and the headers that it got."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Frame-Options", "DENY")
        self.end_headers()
        self.wfile.write(f"{self.path}\n{self.headers}".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Web:
    """nginx, set up by `web.yml` and asked as a browser asks it."""

    def __init__(self, folder: Path, **variables: object) -> None:
        upstream = ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        self.stop_upstream = upstream.shutdown
        self.port, self.plain_port = free_port(), free_port()
        self.machine = Machine(
            folder,
            {
                "pantau_ca_folder": str(folder / "ca"),
                "pantau_web_name": NAME,
                "pantau_web_port": self.port,
                "pantau_web_plain_port": self.plain_port,
                "pantau_web_collector": f"http://127.0.0.1:{upstream.server_port}",
                "pantau_web_grafana": f"http://127.0.0.1:{upstream.server_port}",
                **variables,
            },
        )
        self.first = self.machine.play("ca.yml", "web.yml")
        self.second = self.machine.play("ca.yml", "web.yml")
        self.context = ssl.create_default_context(cafile=folder / "ca/ca.pem")
        self.configuration = folder / "nginx.conf"
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
        self.configuration.write_text(
            f"daemon off;\nuser root;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
            f"http {{\n  access_log off;\n{temporary}"
            f"  include {self.machine.root}/etc/nginx/sites-enabled/*;\n}}\n"
        )

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        """Return the status, the headers and the text of an answer."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60)
        connection.sock = self.context.wrap_socket(_connected(self.port), server_hostname=NAME)
        connection.request("GET", path, headers={"Host": NAME, **headers})
        answer = connection.getresponse()
        result = answer.status, dict(answer.getheaders()), answer.read().decode()
        connection.close()
        return result


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 60)


def _running(web: Web, folder: Path) -> Iterator[Web]:
    (folder / "logs").mkdir()
    command = [
        require_program("nginx"),
        "-p",
        str(folder),
        "-e",
        str(folder / "error.log"),
        "-c",
        str(web.configuration),
    ]
    with Server(command, ready=lambda: is_listening(web.port), log=folder / "log"):
        yield web
    web.stop_upstream()


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    require_program("nginx")
    folder = tmp_path_factory.mktemp("web")
    yield from _running(Web(folder), folder)


@pytest.fixture(scope="module")
def with_login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    require_program("nginx")
    folder = tmp_path_factory.mktemp("login")
    command = [require_program("openssl"), "passwd", "-6", "-stdin"]
    hashed = subprocess.run(command, input="rahasia\n", capture_output=True, text=True, check=True).stdout
    (folder / "users").write_text(f"ani:{hashed}")
    yield from _running(Web(folder, pantau_web_users_file=str(folder / "users")), folder)


def test_a_second_run_changes_nothing_and_the_key_is_for_root_alone(web: Web) -> None:
    assert (web.first.failed, web.second.failed, web.second.changed) == (0, 0, 0), web.second.output
    assert (web.machine.root / "etc/nginx/pantau/web.key").stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" not in web.first.output


def test_the_wall_is_shown_by_tls_alone(web: Web) -> None:
    status, headers, text = web.get("/api/city?x=1")
    assert (status, text.splitlines()[0]) == (200, "/api/city?x=1")
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    assert headers["X-Frame-Options"] == "DENY", "the collector's own headers"
    assert headers["Server"] == "nginx", "without its version"
    plain = http.client.HTTPConnection("127.0.0.1", web.plain_port, timeout=60)
    plain.request("GET", "/x?y", headers={"Host": "other.example"})
    answer = plain.getresponse()
    assert (answer.status, answer.getheader("Location")) == (301, f"https://{NAME}:{web.port}/x?y")


def test_who_asks_is_told_by_their_address_and_not_by_what_they_say(web: Web) -> None:
    _, _, text = web.get("/", **{"X-Forwarded-For": "10.1.1.1", "X-Forwarded-Proto": "http"})
    assert "X-Forwarded-For: 127.0.0.1\n" in text.replace("\r", "")
    assert "10.1.1.1" not in text
    assert "X-Forwarded-Proto: https" in text
    assert f"Host: {NAME}" in text
    assert "mallory" not in web.get("/", **{"X-Forwarded-User": "mallory"})[2]


def test_a_name_that_is_tried_too_often_is_held_back(web: Web) -> None:
    tried = [web.get("/sign-in")[0] for _ in range(14)]
    assert tried[0] == 200
    assert 503 in tried
    assert web.get("/")[0] == 200


def test_nginx_asks_for_a_login_where_it_has_users_but_not_for_a_signed_link(with_login: Web) -> None:
    assert with_login.get("/")[0] == 401
    assert with_login.get("/acknowledged")[0] == 401
    assert with_login.get("/ack?x")[0] == with_login.get("/static/wall.css")[0] == 200
    status, _, text = with_login.get("/", Authorization="Basic YW5pOnJhaGFzaWE=")
    assert (status, "X-Forwarded-User: ani" in text) == (200, True)
    assert with_login.get("/", Authorization="Basic YW5pOnNhbGFo")[0] == 401
    assert with_login.get("/grafana/x")[0] == 200, "Grafana asks itself"


def test_a_wall_without_a_certificate_is_refused(tmp_path: Path) -> None:
    machine = Machine(tmp_path, {"pantau_web_name": NAME})
    run = machine.play("web.yml")
    assert "set pantau_ca_folder" in run.refusals["here"]
    assert not (machine.root / "etc/nginx").exists()
