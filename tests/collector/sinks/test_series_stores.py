"""The same contract for every store: InfluxDB 1 on a real server, the v2 interface on VictoriaMetrics."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pantau_collector.config import InfluxV1, InfluxV2
from pantau_collector.sinks.answers import RefusedError, RetryLaterError, TooLargeError
from pantau_collector.sinks.deliver import SeriesStore, deliver
from pantau_collector.sinks.influx_v1 import InfluxV1Store
from pantau_collector.sinks.influx_v2 import InfluxV2Store
from pantau_collector.sinks.open_series_store import open_series_store
from pantau_collector.sinks.schema import CAMERA
from tests.collector.intake.messages import NOW
from tests.collector.sinks.scripted_server import Answer, ScriptedServer, scripted_server
from tests.servers.influxdb import Database, InfluxDB
from tests.servers.victoria_metrics import VictoriaMetrics

Points = dict[tuple[str, int], float]
"""Values by camera and time."""


class Peer:
    """A real server's store, and a function that reads what was written to it."""

    def __init__(self, store: SeriesStore, read: Callable[[str], Points]) -> None:
        self.store = store
        self.read = read


def v1(database: Database) -> Peer:
    def read(field: str) -> Points:
        rows = database.query(f'SELECT camera, "{field}" FROM camera WHERE time >= 0 AND time < {2 * NOW}ms')
        return {(row["camera"], row["time"]): row[field] for row in rows}

    return Peer(InfluxV1Store(InfluxV1(version=1, url=database.url, database=database.name)), read)


def v2(server: VictoriaMetrics) -> Peer:
    def read(field: str) -> Points:
        return {
            (series["metric"]["camera"], time): value
            for series in server.export(f'{{__name__="camera_{field}"}}')
            for time, value in zip(series["timestamps"], series["values"], strict=True)
        }

    return Peer(InfluxV2Store(InfluxV2(version=2, url=server.url, bucket="pantau", org="city")), read)


@pytest.fixture(params=["v1", "v2"])
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    if request.param == "v1":
        peer = v1(request.getfixturevalue("influxdb"))
    else:
        peer = v2(request.getfixturevalue("victoria_metrics"))
    yield peer
    peer.store.close()


def line(camera: str, time: int, *, fps: float | None = None, width: int | None = None) -> str:
    nothing = (None,) * (len(CAMERA.fields) - 9)
    found = CAMERA.line((camera, "nagoya"), ("ok", 0, "", None, None, width, None, fps, None, *nothing), time)
    assert found is not None
    return found


def test_what_is_delivered_is_in_the_store(peer: Peer) -> None:
    assert deliver(peer.store, [line(f"cam{i}", NOW + i, fps=i / 4, width=i) for i in range(5000)]) == []
    assert peer.read("fps") == {(f"cam{i}", NOW + i): i / 4 for i in range(5000)}
    assert peer.read("width") == {(f"cam{i}", NOW + i): i for i in range(5000)}


def test_to_deliver_again_changes_nothing(peer: Peer) -> None:
    lines = [line("cam1", NOW + i * 1000, fps=i) for i in range(10)]
    for _ in range(3):
        assert deliver(peer.store, lines) == []
    assert peer.read("fps") == {("cam1", NOW + i * 1000): i for i in range(10)}


def test_any_text_in_a_tag_comes_through(peer: Peer) -> None:
    texts = ["jalan raya, blok=7", '"quoted"', "街 ünï", "a,b=c d", r"back\slash"]
    assert deliver(peer.store, [line(text, NOW, fps=1) for text in texts]) == []
    assert peer.read("fps") == {(text, NOW): 1 for text in texts}


def test_good_lines_among_bad_ones_are_stored(peer: Peer) -> None:
    lines = [line(f"cam{i}", NOW, fps=i) for i in range(20)]
    lines[3:3] = ["no line at all"]
    lines[15:15] = ["camera,camera=bad 5"]
    refused = deliver(peer.store, lines)
    assert peer.read("fps") == {(f"cam{i}", NOW): i for i in range(20)}
    assert [letter.payload for letter in refused] in (
        [b"no line at all", b"camera,camera=bad 5"],
        [],  # VictoriaMetrics logs them and answers 204
    )


def test_nothing_to_deliver_asks_nothing_of_the_store(peer: Peer) -> None:
    assert deliver(peer.store, []) == []


def test_lines_of_another_type_than_the_field_has_are_found_by_the_servers_words(influxdb: Database) -> None:
    peer = v1(influxdb)
    assert deliver(peer.store, [f"camera,camera=old,site=x fps=5i {NOW}"]) == []
    lines = [line(f"cam{i}", NOW, fps=float(i) if i % 3 == 0 else None, width=i) for i in range(40)]
    refused = deliver(peer.store, lines)
    assert [letter.payload.decode() for letter in refused] == [each for each in lines if "fps=" in each]
    assert all("already exists as type integer" in letter.reason for letter in refused)
    assert {letter.topic for letter in refused} == {"camera"}
    assert len(peer.read("width")) == 40 - len(refused)


def test_lines_older_than_the_retention_are_given_up_without_halving_them(influxdb: Database) -> None:
    influxdb.server.query(
        f'CREATE RETENTION POLICY "short" ON "{influxdb.name}" DURATION 1h REPLICATION 1 DEFAULT', influxdb.name
    )
    store = Counting(v1(influxdb).store)
    refused = deliver(store, [line(f"cam{i}", 1000, fps=1) for i in range(1000)])
    assert len(refused) == 1000
    assert "beyond retention policy" in refused[0].reason
    assert store.writes == 1


class Counting:
    """A store that counts its writes."""

    def __init__(self, store: SeriesStore) -> None:
        self.name = store.name
        self.writes = 0
        self._store = store

    def write(self, lines: bytes) -> None:
        self.writes += 1
        self._store.write(lines)

    def close(self) -> None:
        self._store.close()


def test_a_database_that_is_not_there_is_told_with_what_to_do(influxdb: Database) -> None:
    store = InfluxV1Store(InfluxV1(version=1, url=influxdb.url, database="nowhere"))
    with pytest.raises(RetryLaterError, match=r'database not found: "nowhere".*CREATE DATABASE'):
        store.write(b"camera fps=1 1")


def test_more_than_the_server_takes_at_once_is_split(influxdb: Database) -> None:
    peer = v1(influxdb)
    padding = "x" * 60_000
    lines = [f'camera,camera=cam{i},site=x codec="{padding}",fps=1 {NOW}' for i in range(500)]
    with pytest.raises(TooLargeError):
        peer.store.write("\n".join(lines).encode())
    assert deliver(peer.store, lines) == []
    assert len(peer.read("fps")) == 500


class GuardedInfluxDB(InfluxDB):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        configuration = folder / "influxdb.conf"
        text = configuration.read_text().replace("[http]", "[http]\n  auth-enabled = true")
        configuration.write_text(text)


def test_credentials_are_used_and_wrong_ones_are_told_without_showing_them(tmp_path: Path) -> None:
    with GuardedInfluxDB(tmp_path) as server:
        assert isinstance(server, InfluxDB)
        server.query("CREATE USER city WITH PASSWORD 'right:secret' WITH ALL PRIVILEGES")
        wrong = InfluxV1Store(InfluxV1(version=1, url=server.url, user="city", password=SecretStr("wrong-secret")))
        with pytest.raises(RetryLaterError, match="check the credentials") as caught:
            wrong.write(b"camera fps=1 1")
        assert "secret" not in str(caught.value)
        right = InfluxV1Store(InfluxV1(version=1, url=server.url, user="city", password=SecretStr("right:secret")))
        with pytest.raises(RetryLaterError, match="database not found"):
            right.write(b"camera fps=1 1")


def test_a_server_that_is_gone_and_returns(tmp_path: Path) -> None:
    with InfluxDB(tmp_path) as server:
        assert isinstance(server, InfluxDB)
        server.query("CREATE DATABASE pantau")
        peer = v1(Database(server, "pantau"))
        deliver(peer.store, [line("cam1", NOW, fps=1)])
        server.kill()
        with pytest.raises(RetryLaterError, match="cannot be reached"):
            peer.store.write(line("cam1", NOW + 1, fps=1).encode())
        server.start()
        deliver(peer.store, [line("cam1", NOW + 1, fps=1)])
        assert peer.read("fps") == {("cam1", NOW): 1, ("cam1", NOW + 1): 1}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


LOGIN_PAGE = b"\n<!DOCTYPE html>\n<html><title>Silakan masuk</title></html>"


def store_at(version: int, url: str, *, compress: bool = False) -> SeriesStore:
    if version == 1:
        return InfluxV1Store(InfluxV1(version=1, url=url), compress=compress)
    return InfluxV2Store(InfluxV2(version=2, url=url, token=SecretStr("s3cret")), compress=compress)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(400, b'{"error":"unable to parse"}'), RefusedError, "unable to parse"),
        (Answer(422, b'{"code":"unprocessable entity","message":"points beyond"}'), RefusedError, "points beyond"),
        (
            Answer(401, b'{"code":"unauthorized","message":"no"}'),
            RetryLaterError,
            "401: no): check the",
        ),
        (Answer(403), RetryLaterError, "check the credentials"),
        (
            Answer(404, b'{"code":"not found","message":"bucket \\"pantau\\" not found"}'),
            RetryLaterError,
            "create",
        ),
        (Answer(413), TooLargeError, ""),
        (Answer(429, b"slow down"), RetryLaterError, "busy"),
        (Answer(503), RetryLaterError, "busy"),
        (Answer(500, b"<html>oops</html>"), RetryLaterError, "500: <html>oops"),
        (Answer(500, b"\xff\xfe"), RetryLaterError, ""),
        (Answer(200, LOGIN_PAGE), RetryLaterError, "200 instead of 204"),
        (Answer(200), RetryLaterError, "200 instead of 204"),
        (Answer(200, b'{"error":"partial write"}'), RetryLaterError, "partial write"),
        (Answer(202), RetryLaterError, "202 instead of 204"),
        (Answer(302, headers=(("Location", "/login"),)), RetryLaterError, "login page"),
        (Answer(304), RetryLaterError, "304 instead of 204"),
        (Answer(400, b"<html><h1>400 Bad Request</h1>nginx</html>"), RetryLaterError, "another program"),
        (Answer(422, LOGIN_PAGE), RetryLaterError, "another program"),
    ],
)
def test_every_answer_means_the_same_on_both(
    server: ScriptedServer, version: int, answer: Answer, kind: type[Exception], words: str
) -> None:
    server.answers = [answer]
    store = store_at(version, server.url)
    with pytest.raises(kind) as caught:
        store.write(b"camera fps=1 1")
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value) + repr(vars(store))
    store.close()


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", 0), ("999999", 900), ("-5", 0)],
)
def test_retry_after_is_understood(server: ScriptedServer, version: int, value: str, seconds: float) -> None:
    server.answers = [Answer(503, headers=(("Retry-After", value),))]
    with pytest.raises(RetryLaterError) as caught:
        store_at(version, server.url).write(b"camera fps=1 1")
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize("version", [1, 2])
def test_what_leaves_is_compressed_where_asked(server: ScriptedServer, version: int) -> None:
    store_at(version, server.url, compress=True).write(b"camera fps=1 1\ncamera fps=2 2")
    assert server.bodies == ["camera fps=1 1\ncamera fps=2 2"]
    assert server.headers[0]["Content-Encoding"] == "gzip"


def test_the_token_goes_to_the_server(server: ScriptedServer) -> None:
    store_at(2, server.url).write(b"camera fps=1 1")
    assert server.headers[0]["Authorization"] == "Token s3cret"


@pytest.mark.parametrize("version", [1, 2])
def test_a_server_that_never_answers_is_given_up(
    server: ScriptedServer, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pantau_collector.sinks.http_store.WITHIN_S", 0.2)
    server.answers = [Answer(204, delay_s=2)]
    with pytest.raises(RetryLaterError, match="gave no whole answer within"):
        store_at(version, server.url).write(b"camera fps=1 1")


@pytest.mark.parametrize("version", [1, 2])
def test_something_that_does_not_speak_http(version: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"\x00\xffgarbage\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(RetryLaterError, match="cannot be reached"):
            store_at(version, f"http://127.0.0.1:{listener.getsockname()[1]}").write(b"camera fps=1 1")
        thread.join()


def test_the_configuration_names_the_store() -> None:
    here: Any = open_series_store(InfluxV1(version=1, url="http://127.0.0.1:8086", database="city"))
    away: Any = open_series_store(InfluxV2(version=2, url="https://influx.example", bucket="city"))
    assert (type(here), here._compress) == (InfluxV1Store, False)
    assert (type(away), away._compress) == (InfluxV2Store, True)
    assert here.name == "InfluxDB at http://127.0.0.1:8086, database city"
    assert away.name == "InfluxDB at https://influx.example, bucket city"
