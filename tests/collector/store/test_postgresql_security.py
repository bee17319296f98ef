"""Who gets the password of the store: the PostgreSQL in the configuration, and nobody in its place."""

import os
import shutil
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_collector.config import CollectorConfig, load
from pantau_collector.store import Store, StoreError
from pantau_service.settings import ConfigError
from tests.agent.certificate import Certificate, make_certificate
from tests.servers import hostile
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import until

PASSWORD = "rahasia-basis-data"


def configured(folder: Path, url: str, *more: str) -> CollectorConfig:
    (folder / "store.password").write_text(PASSWORD)
    path = folder / "collector.toml"
    lines = ["[store]", f'url = "{url}"', 'password_file = "store.password"', *more]
    path.write_text("\n".join(lines))
    return load(path)


@pytest.mark.parametrize(
    "where",
    [
        "db.example.go.id/pantau",
        "10.0.0.5:5432/pantau?sslmode=require",
        "127.0.0.1/pantau?host=10.0.0.5",
        "/pantau?host=127.0.0.1:5432,db.example.go.id:5432",
        "localhost/pantau?hostaddr=10.0.0.5",
        "/pantau?service=city",
    ],
)
def test_a_database_on_another_machine_must_prove_who_it_is_unless_that_is_given_up(
    tmp_path: Path, where: str
) -> None:
    url = f"postgresql+psycopg://pantau@{where}"
    with pytest.raises(ConfigError) as error:
        configured(tmp_path, url)
    (problem,) = error.value.problems
    assert "store.url: expected `?sslmode=verify-full`" in problem
    assert PASSWORD not in problem
    assert configured(tmp_path, url, "allow_plaintext = true").store is not None


@pytest.mark.parametrize(
    "where",
    [
        "127.0.0.1:5433/pantau",
        "[::1]/pantau",
        "localhost/pantau",
        "/pantau",
        "/pantau?host=/run/postgresql",
        "/pantau?host=127.0.0.1:5432",
        "db.example.go.id/pantau?sslmode=verify-full",
    ],
)
def test_one_on_this_machine_or_one_that_proves_it_is_taken(tmp_path: Path, where: str) -> None:
    assert configured(tmp_path, f"postgresql+psycopg://pantau@{where}").store is not None


@pytest.mark.parametrize("query", ["", "?sslmode=verify-full"])
def test_who_answers_without_tls_and_asks_for_the_password_in_clear_gets_none(tmp_path: Path, query: str) -> None:
    asked: list[int] = []
    told: list[bytes] = []

    def impostor(connection: socket.socket, _over: threading.Event) -> None:
        while True:
            length, code = struct.unpack("!II", connection.recv(8, socket.MSG_WAITALL))
            asked.append(code)
            connection.recv(length - 8, socket.MSG_WAITALL)
            if code not in (80877103, 80877104):  # SSLRequest, GSSENCRequest
                break
            connection.sendall(b"N")
        connection.sendall(b"R" + struct.pack("!II", 8, 3))  # AuthenticationCleartextPassword
        told.append(connection.recv(1000))

    with hostile.hostile(impostor) as server:
        url = f"postgresql+psycopg://pantau@127.0.0.1:{server.port}/pantau{query}"
        store = configured(tmp_path, url).store
        assert store is not None
        with pytest.raises(StoreError) as error:
            Store(store.full_url)
    assert asked or query
    assert not any(PASSWORD.encode() in each for each in told)
    assert PASSWORD not in str(error.value)


@pytest.fixture
def secured(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[Certificate]:
    """Yield the certificate of the shared server, which speaks TLS until the end of the test."""
    made = make_certificate(tmp_path)
    (folder,) = postgresql.query("postgres", "SHOW data_directory")
    for file in made:
        inside = Path(folder, file.name)
        shutil.copy(file, inside)
        inside.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(inside, "postgres", "postgres")
    postgresql.query("postgres", f"ALTER SYSTEM SET ssl_cert_file = '{made.certificate.name}'")
    postgresql.query("postgres", f"ALTER SYSTEM SET ssl_key_file = '{made.key.name}'")
    _switch_tls(postgresql, "on")
    yield made
    _switch_tls(postgresql, "off")


def _switch_tls(postgresql: PostgreSQL, value: str) -> None:
    postgresql.query("postgres", f"ALTER SYSTEM SET ssl = {value}")
    postgresql.query("postgres", "SELECT pg_reload_conf()")
    assert until(lambda: postgresql.query("postgres", "SHOW ssl") == [value])


def test_a_server_proves_who_it_is_by_the_authority_in_ca_file(
    secured: Certificate, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    url = f"{postgresql.create_database('secured')}?sslmode=verify-full"
    store = configured(tmp_path, url, f'ca_file = "{secured.certificate}"').store
    assert store is not None
    Store(store.full_url).close()
    (tmp_path / "another").mkdir()
    other = make_certificate(tmp_path / "another")
    store = configured(tmp_path, url, f'ca_file = "{other.certificate}"').store
    assert store is not None
    with pytest.raises(StoreError, match="certificate verify failed"):
        Store(store.full_url)
