"""Grafana for the demo, where it is installed: on loopback, with a password, with Pantau's dashboards."""

import json
import secrets
import shutil
import urllib.request
from pathlib import Path

from pantau_demo.influxdb import DATABASE, READER, InfluxDB

DASHBOARDS = Path(__file__).parents[2] / "collector" / "grafana" / "dashboards" / "id"
"""The city's dashboards in the checkout that the demo runs from."""
ADMIN = "admin"
_HOME = Path("/usr/share/grafana")
_SHOWN = "from=now-15m&to=now&refresh=10s"
"""The demo's city is minutes old."""
_CONFIGURATION = """
[paths]
data = {folder}/data
logs = {folder}/logs
plugins = {folder}/plugins
provisioning = {folder}/provisioning
[server]
http_addr = 127.0.0.1
http_port = {port}
[security]
admin_user = {admin}
admin_password = $__file{{{password_file}}}
disable_gravatar = true
[users]
allow_sign_up = false
[analytics]
reporting_enabled = false
check_for_updates = false
check_for_plugin_updates = false
[news]
news_feed_enabled = false
[plugins]
preinstall_disabled = true
[log]
mode = console
level = warn
"""


class Grafana:
    """A Grafana whose files, with its password, are in a folder that nobody else reads."""

    def __init__(self, folder: Path, port: int, influxdb: InfluxDB) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._url = f"http://127.0.0.1:{port}"
        self._configuration = folder / "grafana.ini"
        password_file = folder / "admin.password"
        password_file.touch(mode=0o600)
        self.password = secrets.token_hex(8)
        password_file.write_text(self.password, "utf-8")
        self._configuration.write_text(
            _CONFIGURATION.format(folder=folder, port=port, admin=ADMIN, password_file=password_file), "utf-8"
        )
        _write(folder / "provisioning" / "datasources" / "pantau.yaml", "datasources", _source(influxdb))
        provider: dict[str, object] = {
            "name": "pantau",
            "folder": "Pantau",
            "type": "file",
            "options": {"path": str(DASHBOARDS)},
        }
        _write(folder / "provisioning" / "dashboards" / "pantau.yaml", "providers", provider)

    @staticmethod
    def find() -> list[str] | None:
        """Return the program with its subcommand, or None where it, or its dashboards, are not there."""
        if not DASHBOARDS.is_dir():
            return None
        places = f"/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:{_HOME / 'bin'}"
        if program := shutil.which("grafana", path=places):
            return [program, "server"]
        program = shutil.which("grafana-server", path=places)
        return [program] if program else None

    @property
    def url(self) -> str:
        """The address of the city's dashboard."""
        return f"{self._url}/d/pantau-city?{_SHOWN}"

    def command(self, program: list[str]) -> list[str | Path]:
        """Return the command that runs it."""
        home = _HOME if _HOME.is_dir() else Path(program[0]).resolve().parents[1]
        return [*program, "--homepath", home, "--config", self._configuration]

    def answers(self) -> bool:
        """Return True once it shows pages."""
        try:
            with urllib.request.urlopen(f"{self._url}/api/health", timeout=10) as answer:  # noqa: S310 # our own loopback URL
                return bool(answer.status == 200)
        except OSError:
            return False


def _source(influxdb: InfluxDB) -> dict[str, object]:
    return {
        "name": "Pantau",
        "uid": "pantau",
        "type": "influxdb",
        "access": "proxy",
        "isDefault": True,
        "url": influxdb.url,
        "user": READER,
        "jsonData": {"version": "InfluxQL", "dbName": DATABASE, "httpMode": "POST", "timeInterval": "2s"},
        "secureJsonData": {"password": f"$__file{{{influxdb.password_file(READER)}}}"},
    }


def _write(path: Path, kind: str, entry: dict[str, object]) -> None:
    """Write a file of provisioning: YAML, of which JSON is a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"apiVersion": 1, kind: [entry]}, indent=2), "utf-8")
