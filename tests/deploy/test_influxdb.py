"""InfluxDB as its role sets it up: nobody does anything without a login, and each user what it is for."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_collector.config import InfluxV1
from pantau_collector.sinks.open_access import open_access
from tests.deploy.site import INFLUX_PASSWORDS, Site
from tests.servers.process import Server, is_listening
from tests.servers.programs import require_program


class Influx:
    """The server on the machine, asked as one of its users or as nobody."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.url = f"http://127.0.0.1:{site.influx_port}"

    def ask(self, user: str, what: str, password: str | None = None) -> int:
        """Return the status of a query, or of a write if it is a line, and 400 for an error within the answer."""
        path = "/write?db=pantau" if "=" in what else "/query?db=pantau"
        body = what.encode() if "=" in what else urllib.parse.urlencode({"q": what}).encode()
        request = urllib.request.Request(self.url + path, body)
        if user:
            login = f"{user}:{password or INFLUX_PASSWORDS[user]}".encode()
            request.add_header("Authorization", f"Basic {base64.b64encode(login).decode()}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = int(answer.status), answer.read()
        except urllib.error.HTTPError as error:
            return error.code
        return 400 if text and "error" in json.loads(text)["results"][0] else status


@pytest.fixture(scope="module")
def influx(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    configuration = site.root / "etc/influxdb/influxdb.conf"
    command = [require_program("influxd"), "run", "-config", str(configuration)]
    log = tmp_path_factory.mktemp("influxd") / "log"
    with Server(command, ready=lambda: is_listening(site.influx_port), log=log):
        yield Influx(site)


def test_the_role_makes_users_once_and_sets_a_password_anew_where_it_is_not_the_inventorys(
    influx: Influx,
) -> None:
    first = influx.site.machine.play("influxdb.yml", pantau_influxdb_make_users=True)
    assert first.failed == 0, first.output
    new = "rahasia 'baru'"
    again = influx.site.machine.play(
        "influxdb.yml", pantau_influxdb_make_users=True, pantau_influxdb_writer_password=new
    )
    assert (again.changed, again.failed) == (1, 0), "the password alone: " + again.output
    assert influx.ask("pantau", "camera fps=1", "rahasia g") == 401
    assert influx.ask("pantau", "camera fps=1", new) == 204
    assert influx.ask("pantau", "SELECT * FROM camera", new) in (400, 403)
    assert influx.ask("grafana", "SELECT * FROM camera") == 200
    assert influx.ask("grafana", "camera fps=1") == 403
    assert influx.ask("pantau", 'DROP DATABASE "pantau"', new) in (400, 403)
    assert influx.ask("grafana", 'DROP DATABASE "pantau"') in (400, 403)
    assert influx.ask("", "SHOW DATABASES") == influx.ask("", "camera fps=1") == 401
    assert open_access(InfluxV1(version=1, url=influx.url)) is None
    assert not [secret for secret in (new, *INFLUX_PASSWORDS.values()) if secret in first.output + again.output]


def test_the_server_listens_on_loopback_alone(influx: Influx) -> None:
    configuration = (influx.site.root / "etc/influxdb/influxdb.conf").read_text()
    binds = [line.split('"')[1] for line in configuration.splitlines() if line.strip().startswith("bind-address")]
    assert len(binds) == 2
    assert all(bind.startswith("127.0.0.1:") for bind in binds)
    assert Path("/proc/net/tcp").read_text().count(f"0100007F:{influx.site.influx_port:04X} 00000000:0000 0A") == 1
