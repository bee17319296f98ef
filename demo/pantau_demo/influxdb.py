"""InfluxDB for the demo, where `influxd` is installed: on loopback, with a password for each who comes to it."""

import base64
import json
import secrets
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

DATABASE = "pantau"
COLLECTOR, READER, ADMIN = "pantau", "grafana", "admin"
"""Its users: the collector may write, Grafana may read, the administrator may do all."""
_SET_UP_WITHIN_S = 120
_CONFIGURATION = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  auth-enabled = true
  log-enabled = false
[monitor]
  store-enabled = false
"""


class InfluxDBError(RuntimeError):
    """InfluxDB could not be set up; the text says why."""


class InfluxDB:
    """An InfluxDB whose files, with its passwords, are in a folder that nobody else reads."""

    def __init__(self, folder: Path, port: int, rpc_port: int) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._configuration = folder / "influxdb.conf"
        self._configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, rpc=rpc_port), "utf-8")
        for user in (COLLECTOR, READER, ADMIN):
            path = self.password_file(user)
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(16), "utf-8")

    @staticmethod
    def find() -> str | None:
        """Return the program, or None where it is not installed."""
        return shutil.which("influxd", path="/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin")

    def password_file(self, user: str) -> Path:
        """Return the file with a user's password."""
        return self._folder / f"{user}.password"

    def command(self, program: str) -> list[str | Path]:
        """Return the command that runs it."""
        return [program, "run", "-config", self._configuration]

    def answers(self) -> bool:
        """Return True once it takes requests."""
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=10) as answer:  # noqa: S310 # our own loopback URL
                return bool(answer.status == 204)
        except OSError:
            return False

    def set_up(self, config: Path) -> None:
        """Make users and database, as an installation does: the database by the collector's own command.

        Raises:
            InfluxDBError: something of that failed.
        """
        self._query(
            f"CREATE USER {ADMIN} WITH PASSWORD '{self._password(ADMIN)}' WITH ALL PRIVILEGES", login=False
        )
        command = [sys.executable, "-m", "pantau_collector", "init-influx", "--config", str(config)]
        login = ["--user", ADMIN, "--password-file", str(self.password_file(ADMIN))]
        try:
            done = subprocess.run(
                [*command, *login],
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
                timeout=_SET_UP_WITHIN_S,
            )
        except subprocess.TimeoutExpired:
            raise InfluxDBError(f"InfluxDB was not set up within {_SET_UP_WITHIN_S} s") from None
        if done.returncode:
            raise InfluxDBError(f"InfluxDB was not set up: {done.stderr.strip() or done.returncode}")
        for user, right in ((COLLECTOR, "WRITE"), (READER, "READ")):
            self._query(f"CREATE USER {user} WITH PASSWORD '{self._password(user)}'")
            self._query(f'GRANT {right} ON "{DATABASE}" TO {user}')

    def _password(self, user: str) -> str:
        return self.password_file(user).read_text("utf-8")

    def _query(self, statement: str, *, login: bool = True) -> None:
        request = urllib.request.Request(  # noqa: S310 # our own loopback URL
            f"{self.url}/query", urllib.parse.urlencode({"q": statement}).encode(), method="POST"
        )
        if login:
            pair = base64.b64encode(f"{ADMIN}:{self._password(ADMIN)}".encode()).decode()
            request.add_header("Authorization", f"Basic {pair}")
        what = statement.partition(" WITH ")[0]
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 # our own loopback URL
                told = json.loads(answer.read())
        except (OSError, ValueError) as error:
            raise InfluxDBError(f"InfluxDB, {what}: {error}") from None
        if wrong := [each["error"] for each in told.get("results", []) if "error" in each]:
            raise InfluxDBError(f"InfluxDB, {what}: {wrong[0]}")
