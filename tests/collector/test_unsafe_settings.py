"""What `check` says of settings that leave something open to others."""

import json
from pathlib import Path
from typing import Any

import pytest

from pantau_collector.config import InfluxV1, InfluxV2
from pantau_collector.sinks.open_access import open_access
from tests.collector.commands.command import call, configured
from tests.collector.sinks.scripted_server import Answer, scripted_server
from tests.servers.influxdb import Database
from tests.servers.process import free_port
from tests.servers.victoria_metrics import VictoriaMetrics


def warnings(folder: Path, *, mode: int = 0o600, **settings: Any) -> list[str]:
    path = configured(folder, **settings)
    path.chmod(mode)
    done = call("check", "--config", path, "--json")
    assert done.exit_code == 0, done.output
    told: list[str] = json.loads(done.stdout)["warnings"]
    assert all(line in done.stderr for line in told)
    return told


def recipients(*urls: str) -> list[dict[str, Any]]:
    return [{"id": "noc", "urls": list(urls)}]


MAIL = "mailto://127.0.0.1:25/?from=a@b.example&to=c@d.example"
FAR = "mailto://ani:rahasia@mail.example:25/?from=a@b.example&to=c@d.example"


def test_a_configuration_on_this_machine_for_its_user_alone_is_not_warned_of(tmp_path: Path) -> None:
    assert warnings(tmp_path, recipient=recipients(MAIL, "webhook://:geheim@127.0.0.1/x")) == []
    secured: dict[str, Any] = {
        "broker": {"host": "broker.example", "tls": True, "user": "u", "password": "rahasia"},
        "web": {"public_url": "https://pantau.example"},
        "heartbeat": {"url": "https://hc-ping.example/rahasia"},
        "alertmanager": {"url": "https://alerts.example", "user": "u", "password": "rahasia"},
        "recipient": recipients("webhooks://:geheim@hook.example/x"),
    }
    assert warnings(tmp_path, **secured) == []


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"broker": {"host": "10.0.0.5"}},
            "broker.tls: the password and all pictures cross the network to 10.0.0.5",
        ),
        ({"web": {"public_url": "http://pantau.example"}}, "web.public_url: http://pantau.example is not https"),
        (
            {"web": {"host": "0.0.0.0", "trusted_proxies": ["127.0.0.1"], "public_url": "https://pantau.example"}},
            "web.host: 0.0.0.0 is reached from other machines past the proxy on this one",
        ),
        ({"heartbeat": {"url": "http://hc.example/rahasia"}}, "heartbeat.url: "),
        (
            {"alertmanager": {"url": "http://alerts.example", "user": "u", "password": "rahasia"}},
            "alertmanager.url: the password is sent over http",
        ),
        ({"recipient": recipients("webhook://:geheim@hook.example/x")}, "recipient noc, 1-webhook: "),
        ({"recipient": recipients(MAIL, FAR)}, "recipient noc, 2-mailto: "),
    ],
)
def test_what_crosses_the_network_in_clear_is_told(tmp_path: Path, settings: dict[str, Any], text: str) -> None:
    (line,) = warnings(tmp_path, **settings)
    assert line.startswith(text)
    assert "rahasia" not in line
    assert "geheim" not in line


def test_files_with_secrets_that_everyone_can_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "broker.password").write_text("rahasia")
    (tmp_path / "broker.password").chmod(0o644)
    told = warnings(
        tmp_path, mode=0o644, broker={"user": "u", "password_file": "broker.password"}, recipient=recipients(MAIL)
    )
    assert [line.partition(" holds secrets")[0] for line in told] == [
        str(tmp_path / "broker.password"),
        str(tmp_path / "collector.toml"),
    ]
    assert warnings(tmp_path, mode=0o644, broker={"host": "127.0.0.1"}) == [], "without a secret in it"


def test_a_series_server_that_asks_for_no_login_is_told(
    tmp_path: Path, influxdb: Database, victoria_metrics: VictoriaMetrics
) -> None:
    (line,) = warnings(tmp_path, influx={"version": 1, "url": influxdb.url})
    assert line.startswith(f"the server at {influxdb.url} asks nobody for a login")
    assert open_access(InfluxV2(version=2, url=victoria_metrics.url, org="city")) is not None


@pytest.mark.parametrize("status", [401, 403, 500, 404])
def test_one_that_asks_for_a_login_or_is_silent_is_not(status: int) -> None:
    with scripted_server() as server:
        server.answers = [Answer(status)]
        assert open_access(InfluxV2(version=2, url=server.url)) is None
    assert open_access(InfluxV1(version=1, url=f"http://127.0.0.1:{free_port()}")) is None
