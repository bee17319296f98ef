"""Debian's PostgreSQL, run as an unprivileged user because it refuses to run as root."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import Server, free_port, is_listening
from tests.servers.programs import require_program

_USER = "postgres"


class PostgreSQL(Server):
    """A server on loopback with the superuser `pantau`, who needs no password; it can be killed and restarted."""

    def __init__(self, folder: Path) -> None:
        programs = _programs()
        self.port = free_port()
        self._as_user = []
        if os.geteuid() == 0:
            shutil.chown(folder, _USER, _USER)
            identity = [f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]
            self._as_user = [require_program("setpriv"), *identity, "--"]
        data = folder / "data"
        subprocess.run(
            [*self._as_user, programs / "initdb", "-D", data, "-U", "pantau", "-A", "trust", "-E", "UTF8", "-N"],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        super().__init__(
            [
                *(*self._as_user, str(programs / "postgres"), "-D", str(data), "-p", str(self.port)),
                *("-h", "127.0.0.1", "-k", str(folder), "-c", "max_connections=200"),
            ],
            ready=lambda: is_listening(self.port) and self._accepts(programs),
            log=folder.with_suffix(".log"),
        )

    def stop(self) -> None:
        self._end(signal.SIGINT)  # SIGTERM would wait until all clients have disconnected

    def create_database(self, name: str) -> str:
        """Create an empty database and return its URL."""
        subprocess.run([_programs() / "createdb", *self._connection, name], check=True, capture_output=True)
        return f"postgresql+psycopg://pantau@127.0.0.1:{self.port}/{name}"

    def query(self, database: str, sql: str) -> list[str]:
        """Return the lines that psql prints for a statement."""
        command = [str(_programs() / "psql"), *self._connection, "-At", "-c", sql, database]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    def _accepts(self, programs: Path) -> bool:
        command = [str(programs / "pg_isready"), *self._connection]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    @property
    def _connection(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "pantau"]


def _programs() -> Path:
    newest = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/nowhere"))
    return Path(require_program("postgres", path=str(newest))).parent


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Yield a server that all tests share; each has its own database, and restarts what it kills."""
    with tempfile.TemporaryDirectory(prefix="pantau-postgresql-", ignore_cleanup_errors=True) as folder:
        inner = Path(folder, "server")
        Path(folder).chmod(0o755)
        inner.mkdir()
        with PostgreSQL(inner) as server:
            assert isinstance(server, PostgreSQL)
            yield server
