"""Test on booted hosts, without a way to the internet, what a technician does with the playbooks."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.city import City, Run, until
from tests.hosts.host import BROKER_NAME, Host
from tests.hosts.small_city import started

COLLECTOR = """\
data_dir = "/var/lib/pantau-collector"
inventory = "/etc/pantau/inventory.toml"
[broker]
port = 1884
user = "pantau-collector"
[influx]
version = 1
url = "http://127.0.0.1:8086"
user = "pantau"
"""
CAMERAS = [{"id": "gate", "url": "rtsp://127.0.0.1:9/x"}]
"""A camera that refuses: what the wall says of it has come all the way."""
SITES = ["nongsa", "kabil"]
TOKEN = "rahasia" * 3


@pytest.fixture(scope="module")
def blank(city: City) -> City:
    """Return the city with a control room and two sites, nothing of which is installed."""
    (city.folder / "collector.toml").write_text(COLLECTOR)
    (city.folder / "inventory.toml").write_text("".join(f'[[site]]\nid = "{site}"\n' for site in SITES))
    city.variables["all"]["pantau_ca_folder"] = str(city.folder / "ca")
    city.variables["sites"] = {"pantau_agent_broker_host": BROKER_NAME, "pantau_agent_report_interval_s": 1}
    city.variables["control_room"] = {
        "pantau_broker_collector_password": "rahasia a",
        "pantau_broker_exact_cameras": True,
        "pantau_collector_broker_password": "rahasia a",
        "pantau_collector_config": str(city.folder / "collector.toml"),
        "pantau_collector_inventory": str(city.folder / "inventory.toml"),
        "pantau_collector_web_token": TOKEN,
        "pantau_influxdb_admin_password": "rahasia b",
        "pantau_influxdb_writer_password": "rahasia c",
        "pantau_influxdb_reader_password": "rahasia d",
    }
    city.add("control", "control_room")
    for site in SITES:
        add_site(city, site)
    return city


@pytest.fixture(scope="module")
def running(blank: City) -> City:
    """Return the city, set up by one run."""
    run = blank.play("site.yml")
    print(f"from blank machines to a reporting city: {run.seconds:.0f} s", run.counts)  # noqa: T201 # with -s
    return blank


def add_site(city: City, name: str, release: str = "bookworm") -> Host:
    """Boot a blank machine as a site, with a camera."""
    host = city.add(name, "sites", release)
    city.variables[name]["pantau_agent_cameras"] = CAMERAS
    return host


def _unit(host: str) -> str:
    return "mosquitto" if host == "control" else "pantau-agent"


def _connections(host: Host) -> int:
    """Return how often agent or collector have connected to the broker."""
    return host.run("journalctl -u pantau-agent -u pantau-collector -o cat").count("connected to")


def causes(city: City) -> dict[str, set[str]]:
    """Return what the wall says of the cameras of each site that is heard now."""
    text = city.hosts["control"].run(
        'python3 -c \'import urllib.request as u; print(u.urlopen(u.Request("http://127.0.0.1:8080/api/city",'
        f' headers=dict(Authorization="Bearer {TOKEN}"))).read().decode())\'',
        check=False,
    )
    if "Connection refused" in text:  # the collector is still starting
        return {}
    wall: dict[str, Any] = json.loads(text)
    return {
        site["id"]: {camera["cause"] for camera in site["cameras"]} for site in wall["sites"] if site["online"]
    }


def complaints(run: Run) -> dict[str, str]:
    """Return by site what the table of `check.yml` finds wrong, but for the clock, which no container keeps."""
    found = re.findall(r'^ +"(\S+): (.+?)",?$', run.output, re.MULTILINE)
    assert "cameras ok" in run.output, run.output
    return {site: what for site, what in found if not what.startswith("its clock")}


def test_on_blank_machines_a_trial_run_ends_well_and_what_needs_an_installation_says_so(blank: City) -> None:
    trial = blank.play("site.yml", "--check", "--diff")
    # mosquitto, InfluxDB, the collector, and an agent at each site.
    assert trial.output.count("A trial run ends here") == 3 + len(SITES), trial.output
    for arguments, told in (
        (["check.yml"], "run collector.yml"),
        (["collector.yml", "--tags=configuration"], "No collector is installed on control"),
        (["agent.yml", "--tags=configuration"], "No agent is installed on nongsa"),
    ):
        run = blank.play(*arguments, check=False)
        assert run.status, run.output
        assert told in run.output, run.output


def test_blank_machines_become_a_reporting_city(running: City) -> None:
    until(lambda: causes(running) == {site: {"refused"} for site in SITES}, 300)
    for site in SITES:
        assert "CN = " + site in running.hosts[site].run(
            "openssl x509 -noout -subject < /etc/pantau/broker-client.pem"
        )
        assert running.hosts[site].run("ls /etc/credstore") == "pantau-agent.broker-key"


def test_a_second_run_changes_nothing(running: City) -> None:
    run = running.play("site.yml")
    assert run.changed == 0, run.output


def test_neither_a_trial_run_nor_the_check_finds_anything_to_do(running: City) -> None:
    assert running.play("site.yml", "--check").changed == 0
    for arguments in (["check.yml"], ["check.yml", "--check"]):
        assert complaints(running.play(*arguments, check=False)) == {}


def test_an_agent_that_does_not_run_is_told_by_the_check_and_started_by_the_next_run(running: City) -> None:
    running.hosts["kabil"].run("systemctl stop pantau-agent")
    told = complaints(running.play("check.yml", check=False))
    assert list(told) == ["kabil"], told
    assert "run agent.yml" in told["kabil"]
    running.play("agent.yml")
    assert complaints(running.play("check.yml", check=False)) == {}


def test_what_a_run_wrote_before_it_broke_off_runs_after_the_next(running: City) -> None:
    """The files are as the inventory has them, so that no task changes anything; what runs is older."""
    site, control = running.hosts["nongsa"], running.hosts["control"]
    agent, broker, other = (
        started(site, "pantau-agent"),
        started(control, "mosquitto"),
        started(running.hosts["kabil"], "pantau-agent"),
    )
    for host, file, unit in (
        (site, "/etc/pantau/agent.toml", "pantau-agent"),
        (control, "/etc/mosquitto/conf.d/pantau.conf", "mosquitto"),
    ):
        host.run(f"cp {file} /root/as-wanted; echo '# by hand' >> {file}; systemctl restart {unit}")
        host.run(f"cat /root/as-wanted > {file}")
    agent, broker = started(site, "pantau-agent"), started(control, "mosquitto")
    run = running.play("broker.yml", "agent.yml")
    assert started(site, "pantau-agent") != agent, run.output
    assert started(control, "mosquitto") != broker, run.output
    assert started(running.hosts["kabil"], "pantau-agent") == other
    assert running.play("broker.yml", "agent.yml").changed == 0


def test_a_new_site_is_heard_and_neither_broker_nor_other_sites_are_restarted(running: City) -> None:
    before = {name: started(host, _unit(name)) for name, host in running.hosts.items()}
    add_site(running, "sekupang")
    running.play("broker.yml")
    running.play("agent.yml", "--limit=sekupang")
    until(lambda: causes(running).get("sekupang") == {"refused"}, 300)
    assert {name: started(running.hosts[name], _unit(name)) for name in before} == before


def test_a_stolen_machine_is_cut_off_and_no_other_notices(running: City) -> None:
    others = {name: host for name, host in running.hosts.items() if name != "sekupang"}
    before = {name: started(host, _unit(name)) for name, host in others.items()}
    connections = {name: _connections(host) for name, host in others.items()}
    run = running.play("revoke.yml", "--extra-vars=site=sekupang")
    print(f"revoke.yml: {run.seconds:.0f} s")  # noqa: T201 # with -s
    until(lambda: "sekupang" not in causes(running), 300)
    assert {name: started(host, _unit(name)) for name, host in others.items()} == before
    assert {name: _connections(host) for name, host in others.items()} == connections
    again = running.play("agent.yml", "--limit=sekupang")
    assert again.counts["sekupang"]["changed"] >= 2, "a new key and certificate"
    until(lambda: causes(running).get("sekupang") == {"refused"}, 300)


@pytest.mark.parametrize("arguments", [[], ["--extra-vars=pantau_rotate_authority=true"]], ids=["", "authority"])
def test_every_certificate_is_replaced_and_the_former_ones_are_refused(
    running: City, arguments: list[str]
) -> None:
    site, control = running.hosts["nongsa"], running.hosts["control"]
    broker, serial = started(control, "mosquitto"), _serial(site)
    for kind in ("pem", "key"):
        former = {"pem": "/etc/pantau/broker-client.pem", "key": "/etc/credstore/pantau-agent.broker-key"}[kind]
        site.run(f"cp {former} /root/former.{kind}")
    run = running.play("rotate.yml", *arguments)
    print(f"rotate.yml {arguments}: {run.seconds:.0f} s")  # noqa: T201 # with -s
    assert _serial(site) != serial
    assert started(control, "mosquitto") == broker, "the sessions of all sites end where the broker is restarted"
    assert "nongsa" in causes(running)
    assert _knock(site, "/etc/pantau/broker-client.pem", "/etc/credstore/pantau-agent.broker-key")
    assert not _knock(site, "/root/former.pem", "/root/former.key")
    assert running.play("site.yml").changed == 0


def _serial(site: Host) -> str:
    return site.run("openssl x509 -noout -serial < /etc/pantau/broker-client.pem")


def _knock(site: Host, certificate: str, key: str) -> bool:
    """Return whether the broker lets somebody in who shows a certificate, by what it says after the handshake."""
    ask = f"openssl s_client -connect {BROKER_NAME}:8884 -CAfile /etc/pantau/broker-ca.pem -cert {certificate}"
    said = site.run(f"(sleep 3; echo) | {ask} -key {key} -ign_eof 2>&1", check=False)
    return "alert" not in said


def test_a_power_cut_of_the_whole_city_is_over_without_anybody(running: City) -> None:
    for host in running.hosts.values():
        host.cut_power()
    for host in running.hosts.values():
        host.start()
    until(lambda: "nongsa" in causes(running), 300)


def test_nothing_is_left_on_the_technicians_computer_that_others_can_read(running: City) -> None:
    folder = running.folder / "ca"
    assert {path.name for path in folder.iterdir() if path.stat().st_mode & 0o077} == set()
    assert isinstance(folder, Path)
