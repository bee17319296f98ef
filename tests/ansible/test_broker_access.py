"""Test on a real mosquitto that a site comes, or is cut off, while all others stay connected."""

import datetime as dt
import os
import signal
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.ansible.modules import load
from tests.servers.process import until
from tests.servers.role_broker import COLLECTOR, RoleBroker

ca = load("roles/pantau_ca/library/pantau_ca.py")
access = load("roles/pantau_broker/library/pantau_broker_access.py")
SITES = ["kabil", "nongsa"]
ADMIN = {"pantau_broker_admin_password": "rahasia"}


class Client:
    """A connection, with a certificate or a password."""

    def __init__(self, port: int, name: str, folder: Path | None = None, client_id: str = "") -> None:
        self.ended = threading.Event()
        self.accepted: bool | None = None
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        if folder is not None:
            context = ssl.create_default_context(cafile=folder / "ca.pem")
            context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
            self._client.tls_set_context(context)
        else:
            self._client.username_pw_set(name, name)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = lambda *_: self.ended.set()
        self._answers: dict[int, bool] = {}
        self._client.on_publish = lambda _c, _u, mid, reason, _p: self._answers.update(
            {mid: not reason.is_failure}
        )
        try:
            self._client.connect("127.0.0.1", port)
        except ssl.SSLError:
            self.ended.set()
        self._client.loop_start()
        assert until(lambda: self.accepted is not None or self.ended.is_set(), within_s=60)

    def publish(self, topic: str) -> bool:
        """Publish, and return True if the broker accepts it."""
        mid = self._client.publish(topic, b"x", qos=1).mid
        assert until(lambda: mid in self._answers or self.ended.is_set(), within_s=60)
        return self._answers.get(mid, False)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _c: Any, _u: Any, _flags: Any, reason: Any, _p: Any) -> None:
        self.accepted = not reason.is_failure


def _authority(folder: Path, names: list[str], revoked: list[str] | None = None) -> Path:
    authority = ca.Authority(folder, dt.datetime.now(dt.UTC))
    authority.revoke(revoked or [])
    authority.issue(ca.Wish("broker", ["localhost", "127.0.0.1"]), 397, 60)
    for name in names:
        authority.issue(ca.Wish(name), 397, 60)
    return folder


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Return the folder of an authority that knows the collector, two sites and one that is still to come."""
    return _authority(tmp_path / "ca", [*SITES, "sekupang", COLLECTOR])


@pytest.fixture
def broker(tmp_path: Path, authority: Path) -> Iterator[RoleBroker]:
    """Yield a broker as the role sets it up, for both sites."""
    with RoleBroker(tmp_path / "broker", SITES, authority, **ADMIN) as made:
        yield made


@pytest.fixture
def clients() -> Iterator[Any]:
    """Yield a function that connects; the connections end with the test."""
    made: list[Client] = []

    def connect(*arguments: Any, **more: Any) -> Client:
        made.append(Client(*arguments, **more))
        return made[-1]

    yield connect
    for client in made:
        client.close()


def _bring(broker: RoleBroker, sites: list[str]) -> list[str]:
    """Do what the role does where the inventory has changed, and return the commands that the plugin got."""
    broker.write(pantau_broker_users={site: site for site in sites})
    os.kill(broker.pid, signal.SIGHUP)
    plugin = access.Plugin(broker.admin_port, "pantau-admin", "rahasia")
    wanted = access.json.loads((broker.folder / "etc/mosquitto/pantau.acl").read_text())
    commands = access.differences(wanted, plugin.list_all("clients"), plugin.list_all("roles"))
    plugin.ask(commands)
    assert access.differences(wanted, plugin.list_all("clients"), plugin.list_all("roles")) == []
    plugin.close()
    return [f"{command['command']} {access._name_in(command)}" for command in commands]


def test_a_certificate_is_name_and_password_in_one_and_whoever_holds_it_is_nobody_else(
    broker: RoleBroker, authority: Path, clients: Any
) -> None:
    site = clients(broker.client_port, "nongsa", authority, client_id="pantau-collector")
    assert site.publish("pantau/v1/nongsa/telemetry")
    assert not site.publish("pantau/v1/kabil/telemetry")
    assert not site.publish("$CONTROL/dynamic-security/v1")
    collector = clients(broker.collector_port, COLLECTOR)
    clients(broker.client_port, "kabil", authority, client_id=COLLECTOR)
    clients(broker.client_port, "kabil", authority, client_id="nongsa")
    assert site.publish("pantau/v1/nongsa/telemetry")
    assert not collector.ended.is_set()
    assert not site.ended.is_set()
    clients(broker.client_port, "nongsa", authority, client_id="any")
    assert site.ended.wait(60), "the client id is fixed by the certificate"


def test_who_has_no_certificate_or_one_of_another_authority_stays_outside(
    broker: RoleBroker, authority: Path, clients: Any, tmp_path: Path
) -> None:
    foreign = _authority(tmp_path / "foreign", ["nongsa"])
    (foreign / "ca.pem").write_bytes((authority / "ca.pem").read_bytes())
    assert clients(broker.client_port, "nongsa", foreign).accepted is None
    assert clients(broker.client_port, "nongsa").accepted is None
    assert clients(broker.client_port, "nongsa", authority).accepted


def test_a_new_site_comes_in_and_nobody_elses_session_ends(
    broker: RoleBroker, authority: Path, clients: Any
) -> None:
    others = [clients(broker.client_port, site, authority) for site in SITES]
    others.append(clients(broker.collector_port, COLLECTOR))
    assert _bring(broker, SITES) == []
    assert _bring(broker, [*SITES, "sekupang"]) == ["createRole site sekupang", "createClient sekupang"]
    new = clients(broker.client_port, "sekupang", authority)
    assert new.publish("pantau/v1/sekupang/telemetry")
    assert not new.publish("pantau/v1/nongsa/telemetry")
    for site, client in zip(SITES, others, strict=False):
        assert client.publish(f"pantau/v1/{site}/telemetry")
    assert not [client for client in others if client.ended.is_set()]


@pytest.mark.parametrize("by", ["certificate", "password"])
def test_a_stolen_site_is_cut_off_and_nobody_elses_session_ends(
    broker: RoleBroker, authority: Path, clients: Any, tmp_path: Path, by: str
) -> None:
    folder = authority if by == "certificate" else None
    port = broker.client_port if by == "certificate" else broker.port
    kept = tmp_path / "kept"
    if folder is None:
        # The agents' listener with passwords speaks TLS too, where there is an authority.
        broker.stop()
        broker.write(pantau_broker_certificate="")
        broker.start()
    stolen = clients(port, "nongsa", folder)
    others = [clients(port, "kabil", folder), clients(broker.collector_port, COLLECTOR)]
    assert stolen.publish("pantau/v1/nongsa/telemetry")
    kept.mkdir()
    for name in ("ca.pem", "nongsa.pem", "nongsa.key"):
        (kept / name).write_bytes((authority / name).read_bytes())
    _authority(authority, ["kabil"], revoked=["nongsa"])
    assert _bring(broker, ["kabil"]) == ["deleteClient nongsa", "deleteRole site nongsa"]
    assert stolen.ended.wait(60)
    again = clients(port, "nongsa", kept if folder else None)
    assert not again.accepted
    assert others[0].publish("pantau/v1/kabil/telemetry")
    assert not [client for client in others if client.ended.is_set()]


def test_a_wrong_password_of_the_one_who_tells_the_plugin_is_told(broker: RoleBroker) -> None:
    with pytest.raises(access.BrokerError, match="refuses pantau-admin"):
        access.Plugin(broker.admin_port, "pantau-admin", "wrong")


def test_a_role_that_has_changed_is_changed_and_what_the_collector_disabled_stays_so() -> None:
    role = {"rolename": "site a", "acls": [{"acltype": "subscribeLiteral", "topic": "t", "allow": True}]}
    client = {"username": "a", "roles": [{"rolename": "site a"}]}
    there = {"rolename": "site a", "acls": []}
    wanted = {"roles": [role], "clients": [client]}
    assert access.differences(wanted, [client | {"disabled": True}], [role]) == []
    (command,) = access.differences(wanted, [client], [there])
    assert (command["command"], command["acls"]) == ("modifyRole", role["acls"])
