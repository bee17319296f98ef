"""Test on booted hosts the rest of the control room: web server, Grafana, backup; and a site that is taken out."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.hosts.city import City, until
from tests.hosts.test_city import COLLECTOR, SITES, TOKEN, blank, causes

__all__ = ["blank"]  # a fixture
NAME = "broker.test"
"""What every host calls the control room."""
_CONTROL = "Package: grafana\nVersion: 11.0\nArchitecture: all\nMaintainer: t <t@t>\nDescription: t\n"
_GRAFANA = """\
#!/usr/bin/env python3
import http.server, os
class Answer(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(("grafana " + self.path + " " + os.environ["GF_SERVER_ROOT_URL"]).encode())
address = (os.environ["GF_SERVER_HTTP_ADDR"], int(os.environ["GF_SERVER_HTTP_PORT"]))
http.server.HTTPServer(address, Answer).serve_forever()
"""


def _grafana_package(folder: Path) -> Path:
    """Make a package that has Grafana's name, user, unit and folders: the real one is to be had nowhere here."""
    root = folder / "grafana"
    for path, text, mode in (
        ("DEBIAN/control", _CONTROL, 0o644),
        ("DEBIAN/postinst", "#!/bin/sh\ngetent passwd grafana || useradd --system grafana\n", 0o755),
        ("usr/sbin/grafana-server", _GRAFANA, 0o755),
        ("etc/grafana/grafana.ini", "", 0o644),
        (
            "lib/systemd/system/grafana-server.service",
            "[Service]\nUser=grafana\nExecStart=/usr/sbin/grafana-server\n[Install]\nWantedBy=multi-user.target\n",
            0o644,
        ),
    ):  # fmt: skip
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
    package = folder / "grafana_11.0_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, package], check=True, capture_output=True)
    return package


@pytest.fixture(scope="module")
def running(blank: City) -> City:
    """Return the city, set up by one run; its apt knows no Grafana."""
    config = blank.folder / "collector.toml"
    config.write_text(COLLECTOR + f'[web]\npublic_url = "https://{NAME}"\ntrusted_proxies = ["127.0.0.1"]\n')
    blank.variables["control_room"] |= {"pantau_web_name": NAME}
    run = blank.play("site.yml")
    assert "No Grafana on control" in run.output, run.output
    return blank


def _ask(city: City, path: str, *options: str) -> str:
    """Return what a browser at a site gets of the wall: status, headers, body."""
    site = city.hosts["nongsa"]
    site.run("test -e /root/ca.pem || cp /etc/pantau/broker-ca.pem /root/ca.pem")
    program = (
        "import ssl, sys, urllib.request as u\n"
        "context = ssl.create_default_context(cafile='/root/ca.pem')\n"
        "request = u.Request(sys.argv[1], headers=dict(each.split('=', 1) for each in sys.argv[2:]))\n"
        "try: answer = u.urlopen(request, context=context)\n"
        "except u.HTTPError as error: answer = error\n"
        "print(answer.status, answer.url, answer.headers, answer.read()[:2000])\n"
    )
    site.run(f"cat > /root/ask.py <<'END'\n{program}END")
    return site.run(" ".join(["python3 /root/ask.py", path, *options]), check=False)


def test_people_reach_the_wall_by_tls_and_the_collector_asks_them_for_a_login(running: City) -> None:
    token = f"'Authorization=Bearer {TOKEN}'"
    until(lambda: _ask(running, f"https://{NAME}/api/city", token).startswith("200"), 120)
    answer = _ask(running, f"http://{NAME}/sign-in")
    assert f"https://{NAME}/" in answer.splitlines()[0], "sent to the port with TLS"
    assert "max-age=31536000" in answer
    assert "default-src 'none'" in answer, "the collector's own headers"
    assert "nginx/" not in answer
    for forged in ("X-Forwarded-For=127.0.0.1", "X-Forwarded-User=admin"):
        assert not _ask(running, f"https://{NAME}/api/city", forged).startswith("200")
    assert running.hosts["control"].run("stat -c %a /etc/nginx/pantau/web.key") == "600"


def test_grafana_comes_from_a_package_with_data_source_and_dashboards(running: City) -> None:
    running.variables["control_room"] |= {
        "pantau_grafana_package": str(_grafana_package(running.folder)),
        "pantau_grafana_admin_password": "rahasia e",
    }
    run = running.play("grafana.yml", "web.yml")
    assert "rahasia" not in run.output
    control = running.hosts["control"]
    until(lambda: f"grafana /grafana/x https://{NAME}/grafana/" in _ask(running, f"https://{NAME}/grafana/x"), 60)
    assert control.run("runuser -u grafana -- cat /etc/grafana/influxdb-password") == "rahasia d"
    assert "Permission denied" in control.run(
        "runuser -u pantau -- cat /etc/grafana/influxdb-password", check=False
    )
    assert "dbName: pantau" in control.run("cat /etc/grafana/provisioning/datasources/pantau.yaml")
    assert "city.json" in control.run("ls /var/lib/grafana/dashboards/pantau")
    assert running.play("grafana.yml", "web.yml").changed == 0


def test_a_backup_is_fetched_for_its_owner_alone_and_brings_a_lost_collector_back(running: City) -> None:
    until(lambda: causes(running) == {site: {"refused"} for site in SITES}, 300)
    control = running.hosts["control"]
    control.run("mkdir -p /etc/pantau/inventory.d && echo '# of a sheet' > /etc/pantau/inventory.d/dishub.toml")
    running.variables["control_room"]["pantau_backup_fetch_to"] = str(running.folder / "backup")
    run = running.play("backup.yml")
    (archive,) = (running.folder / "backup" / "control").iterdir()
    print(f"backup.yml: {run.seconds:.0f} s, {archive.stat().st_size / 1e6:.1f} MB")  # noqa: T201 # with -s
    assert archive.stat().st_mode & 0o777 == 0o600
    assert control.run("stat -c %a /var/backups/pantau /var/backups/pantau/*").splitlines() == ["700", "600"]
    assert control.run("systemctl is-active pantau-backup.timer") == "active"
    before = control.run("runuser -u pantau-collector -- pantau-collector incidents --json "
                         "--config /etc/pantau/collector.toml")  # fmt: skip
    control.run("systemctl stop pantau-collector; rm -rf /var/lib/pantau-collector/* /etc/pantau/inventory.d")
    refused = running.play("restore.yml", check=False)
    assert "Which archive?" in refused.output
    running.play("restore.yml", f"--extra-vars=archive={archive}")
    until(lambda: causes(running) == {site: {"refused"} for site in SITES}, 300)
    after = control.run("runuser -u pantau-collector -- pantau-collector incidents --json "
                        "--config /etc/pantau/collector.toml")  # fmt: skip
    assert set(re.findall(r'"id": ?\d+', before)) <= set(re.findall(r'"id": ?\d+', after))
    assert control.run("cat /etc/pantau/inventory.d/dishub.toml") == "# of a sheet"


def test_a_damaged_archive_changes_nothing(running: City) -> None:
    (archive,) = (running.folder / "backup" / "control").iterdir()
    damaged = running.folder / "damaged.tar.gz"
    damaged.write_bytes(archive.read_bytes()[:5000])
    assert running.play("restore.yml", f"--extra-vars=archive={damaged}", check=False).status
    until(lambda: causes(running) == {site: {"refused"} for site in SITES}, 300)


def test_a_site_is_taken_out_after_showing_what_goes_and_the_others_do_not_notice(running: City) -> None:
    control, site = running.hosts["control"], running.hosts["kabil"]
    inventory = running.folder / "inventory.toml"
    shown = running.play("decommission.yml", "--extra-vars=site=kabil", check=False)
    assert "cameras: gate" in shown.output
    assert "Nothing has been changed" in shown.output
    assert site.run("systemctl is-active pantau-agent") == "active"
    assert running.play("decommission.yml", "--extra-vars=site=kabil", "--check").changed == 0
    broker = control.run("systemctl show --property=InvocationID --value mosquitto")
    run = running.play("decommission.yml", "--extra-vars=site=kabil confirmed=kabil", check=False)
    assert run.status == 0, run.output
    running.groups["sites"].remove("kabil")
    del running.variables["kabil"]
    print(f"decommission.yml: {run.seconds:.0f} s")  # noqa: T201 # with -s
    until(lambda: set(causes(running)) == {"nongsa"}, 60)
    assert control.run("systemctl show --property=InvocationID --value mosquitto") == broker
    assert "kabil" not in inventory.read_text()
    assert "kabil" not in control.run("cat /etc/mosquitto/pantau.acl /etc/mosquitto/pantau.passwords")
    assert not (running.folder / "ca/kabil.pem").exists()
    assert site.run("ls -d /etc/credstore/pantau-agent.* /opt/pantau 2>/dev/null", check=False) == ""
    again = running.play("decommission.yml", "--extra-vars=site=kabil confirmed=kabil")
    assert again.counts["control"]["failed"] == 0
    assert running.play("collector.yml").changed == 0
