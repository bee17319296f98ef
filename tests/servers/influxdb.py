"""Debian's InfluxDB 1.6.7, of which tests use `/write`, `/query` and `/ping`."""

import contextlib
import http.client
import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.process import Server, free_port, is_listening
from tests.servers.programs import require_program

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
  log-enabled = false
[monitor]
  store-enabled = false
"""


class InfluxDB(Server):
    """A server that can be killed and started again with the same port and data."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        configuration = folder / "influxdb.conf"
        configuration.write_text(_CONFIGURATION.format(folder=folder, port=self.port, rpc=free_port()))
        super().__init__(
            [require_program("influxd"), "run", "-config", str(configuration)],
            ready=lambda: is_listening(self.port) and self._ping(),
            log=folder / "influxdb.log",
        )

    def query(self, influxql: str, database: str | None = None) -> list[dict[str, Any]]:
        """Return the rows of every series that a query returns, each with its tags and columns.

        Raises:
            RuntimeError: the server refused the query; the text is the server's.
        """
        chosen = {"db": database} if database else {}
        parameters = urllib.parse.urlencode({"q": influxql, "epoch": "ms"} | chosen)
        answer = json.loads(self._request("POST", "/query?" + parameters)[1])
        if "error" in answer:
            raise RuntimeError(answer["error"])
        rows: list[dict[str, Any]] = []
        for result in answer["results"]:
            if "error" in result:
                raise RuntimeError(result["error"])
            for series in result.get("series", []):
                rows.extend(
                    series.get("tags", {}) | dict(zip(series["columns"], values, strict=True))
                    for values in series.get("values", [])
                )
        return rows

    def write(self, database: str, lines: str) -> None:
        """Write lines, with times in milliseconds.

        Raises:
            RuntimeError: the server did not take them.
        """
        query = urllib.parse.urlencode({"db": database, "precision": "ms"})
        status, answer = self._request("POST", f"/write?{query}", lines.encode())
        if status != 204:
            raise RuntimeError(answer.decode())

    def _ping(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self._request("GET", "/ping")[0] == 204
        return False

    def _request(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="session")
def influxdb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB]:
    """Yield an InfluxDB that all tests share; a test must not stop it."""
    with InfluxDB(tmp_path_factory.mktemp("influxdb")) as server:
        assert isinstance(server, InfluxDB)
        yield server


class Database:
    """A database in the shared server, for one test."""

    def __init__(self, server: InfluxDB, name: str) -> None:
        self.server = server
        self.url = server.url
        self.name = name

    def query(self, influxql: str) -> list[dict[str, Any]]:
        return self.server.query(influxql, self.name)


@pytest.fixture
def influxdb(influxdb_server: InfluxDB, request: pytest.FixtureRequest) -> Iterator[Database]:
    """Yield an empty database for this test, and drop it afterwards."""
    name = "test_" + "".join(c if c.isalnum() else "_" for c in request.node.name)
    influxdb_server.query(f'CREATE DATABASE "{name}"')
    yield Database(influxdb_server, name)
    influxdb_server.query(f'DROP DATABASE "{name}"')
