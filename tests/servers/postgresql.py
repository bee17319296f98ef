"""Debian's PostgreSQL, as an unprivileged user, for it does not run as root."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import Server, answers, free_port
from tests.servers.programs import need

_USER = "postgres"


class PostgreSQL(Server):
    """A server of one superuser, `pantau`, without password, on loopback; it may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        programs = _programs()
        self.port = free_port()
        self._as_user = []
        if os.geteuid() == 0:
            shutil.chown(folder, _USER, _USER)
            self._as_user = [need("setpriv"), f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups", "--"]
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
            ready=lambda: answers(self.port) and self._accepts(programs),
            log=folder.with_suffix(".log"),
        )

    def stop(self) -> None:
        self._end(signal.SIGINT)  # without waiting for its clients

    def create_database(self, name: str) -> str:
        """Makes an empty database; its address."""
        subprocess.run([_programs() / "createdb", *self._where, name], check=True, capture_output=True)
        return f"postgresql+psycopg://pantau@127.0.0.1:{self.port}/{name}"

    def query(self, database: str, sql: str) -> list[str]:
        """The lines of psql's answer."""
        command = [str(_programs() / "psql"), *self._where, "-At", "-c", sql, database]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return answer.splitlines()

    def _accepts(self, programs: Path) -> bool:
        return (
            subprocess.run([programs / "pg_isready", *self._where], capture_output=True, check=False).returncode
            == 0
        )

    @property
    def _where(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "pantau"]


def _programs() -> Path:
    newest = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/nowhere"))
    return Path(need("postgres", path=str(newest))).parent


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One server for all tests, which start it again when they kill it; each makes a database of its own."""
    with tempfile.TemporaryDirectory(prefix="pantau-postgresql-", ignore_cleanup_errors=True) as folder:
        inner = Path(folder, "server")
        Path(folder).chmod(0o755)
        inner.mkdir()
        with PostgreSQL(inner) as server:
            assert isinstance(server, PostgreSQL)
            yield server
