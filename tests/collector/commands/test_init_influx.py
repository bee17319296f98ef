"""The command sets up a time-series server, which then makes summaries by itself."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from typer.testing import CliRunner

from pantau_collector.cli import app
from pantau_collector.config import InfluxV1
from pantau_collector.sinks import open_series_store
from pantau_collector.sinks.downsampling import SUMMARIES
from pantau_collector.sinks.line_protocol import FieldType
from pantau_collector.sinks.schema import CAMERA_DAY
from tests.collector.sinks.buckets_server import buckets_server
from tests.collector.sinks.scripted_server import Answer, scripted_server
from tests.servers.influxdb import InfluxDB
from tests.servers.process import free_port, until
from tests.servers.victoria_metrics import VictoriaMetrics

DAY_MS = 86_400_000


@pytest.fixture
def name(influxdb_server: InfluxDB, request: pytest.FixtureRequest) -> Any:
    """Return the name of a database that does not exist yet."""
    name = "init_" + "".join(c if c.isalnum() else "_" for c in request.node.name)
    yield name
    influxdb_server.query(f'DROP DATABASE "{name}"')


def init(folder: Path, influx: dict[str, Any], *options: str) -> Any:
    path = folder / "collector.toml"
    path.write_text(tomli_w.dumps({"data_dir": str(folder / "data"), "influx": influx}))
    return CliRunner().invoke(app, ["init-influx", "--config", str(path), "--json", *options])


def init_v1(folder: Path, server: InfluxDB, name: str, *options: str) -> dict[str, Any]:
    done = init(folder, {"version": 1, "url": server.url, "database": name}, *options)
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def write(server: InfluxDB, name: str, *lines: str) -> None:
    store = open_series_store(InfluxV1(version=1, url=server.url, database=name))
    store.write("\n".join(lines).encode())
    store.close()


def camera(time_ms: int, *, state: int = 0, fps: float = 10.0) -> str:
    return f'camera,camera=cam1,site=a state="x",state_code={state}i,fps={fps} {time_ms}'


@pytest.mark.parametrize("body", [b"<html><title>Silakan masuk</title></html>", b"", b"[]", b'{"ok": true}'])
def test_what_answers_like_no_influxdb_is_not_believed_to_be_set_up(tmp_path: Path, body: bytes) -> None:
    with scripted_server() as server:
        server.answers = [Answer(200, body)]
        done = init(tmp_path, {"version": 1, "url": server.url})
    assert done.exit_code == 3
    assert "is no InfluxDB 1" in done.output.replace("\n", " ")


def test_points_become_summaries_by_themselves(tmp_path: Path, influxdb_server: InfluxDB, name: str) -> None:
    init_v1(tmp_path, influxdb_server, name, "--window", "4s")
    begin = (time.time_ns() // 1_000_000 + 500) // 4000 * 4000
    write(
        influxdb_server,
        name,
        camera(begin, fps=10.0),
        camera(begin + 500, fps=20.0, state=3),
        f"host,site=a cpu_pct=10.0,throttled=1i {begin}",
        f'incident,camera=cam1,kind=opened,site=a id=7i,cause="black",cameras=1i,open=1i,lasted_s=2.0 {begin}',
    )

    def summary(measurement: str) -> list[dict[str, Any]]:
        return influxdb_server.query(f'SELECT * FROM "long"."{measurement}" WHERE time < now() + 1d', name)

    assert until(lambda: summary("camera") and summary("host") and summary("incident"), every_s=0.2)
    assert until(lambda: summary("camera")[0].get("samples_good") == 1, every_s=0.2)
    (found,) = summary("camera")
    assert (found["fps"], found["state_code"], found["samples"], found["samples_good"]) == (15.0, 3, 2, 1)
    assert (found["site"], found["camera"], found["time"]) == ("a", "cam1", begin)
    (steps,) = summary("incident")
    assert (steps["id"], steps["cause"], steps["kind"]) == (7, "black", "opened")


def test_doing_it_again_changes_nothing(tmp_path: Path, influxdb_server: InfluxDB, name: str) -> None:
    first = init_v1(tmp_path, influxdb_server, name)
    assert len(first["steps"]) == 2 + 2 * len(SUMMARIES) - 1
    again = init_v1(tmp_path, influxdb_server, name)
    assert again["steps"] == []
    assert len(again["right"]) == 3 + 2 * len(SUMMARIES) - 1


def test_another_window_replaces_the_queries(tmp_path: Path, influxdb_server: InfluxDB, name: str) -> None:
    init_v1(tmp_path, influxdb_server, name)
    again = init_v1(tmp_path, influxdb_server, name, "--window", "10m", "--late-days", "0")
    assert len(again["steps"]) == 3 * len(SUMMARIES) - 1
    queries = influxdb_server.query("SHOW CONTINUOUS QUERIES")
    ours = [row["query"] for row in queries if f" ON {name} " in row["query"]]
    assert len(ours) == len(SUMMARIES)
    assert all("time(10m)" in query for query in ours if "incident" not in query and "camera_day" not in query)


def test_a_dry_run_only_tells(tmp_path: Path, influxdb_server: InfluxDB, name: str) -> None:
    told = init_v1(tmp_path, influxdb_server, name, "--dry-run")
    assert told["steps"][0]["statement"].startswith(f'CREATE DATABASE "{name}" WITH DURATION 90d')
    assert name not in [row["name"] for row in influxdb_server.query("SHOW DATABASES")]


def test_what_was_there_before_is_summarised_and_shortened_only_when_asked(
    tmp_path: Path, influxdb_server: InfluxDB, name: str
) -> None:
    influxdb_server.query(f'CREATE DATABASE "{name}"')
    now = time.time_ns() // 1_000_000
    long_ago = (now - 200 * DAY_MS) // 300_000 * 300_000
    write(influxdb_server, name, camera(long_ago, fps=8.0), camera(long_ago + 1000, fps=12.0), camera(now))
    told = init_v1(tmp_path, influxdb_server, name, "--backfill")
    assert "First --backfill, then --shorten" in told["remarks"][0]
    (found,) = influxdb_server.query(f'SELECT * FROM "long"."camera" WHERE time < {long_ago + DAY_MS}ms', name)
    assert (found["time"], found["fps"], found["samples_good"]) == (long_ago, 10.0, 2)
    assert len(influxdb_server.query("SELECT fps FROM camera WHERE time < now() + 1d", name)) == 3
    told = init_v1(tmp_path, influxdb_server, name, "--shorten")
    assert [step["what"] for step in told["steps"]] == ["points in autogen are kept 90 days"]
    (remark,) = told["remarks"]
    assert "asks nobody for a login" in remark


def test_days_of_cameras_are_kept_as_they_are(tmp_path: Path, influxdb_server: InfluxDB, name: str) -> None:
    influxdb_server.query(f'CREATE DATABASE "{name}"')
    midnight = time.time_ns() // 1_000_000 // DAY_MS * DAY_MS - 30 * DAY_MS - 25_200_000
    day = CAMERA_DAY.line(("cam1", "a"), range(len(CAMERA_DAY.fields)), midnight)
    write(influxdb_server, name, str(day))
    init_v1(tmp_path, influxdb_server, name, "--backfill")
    (found,) = influxdb_server.query('SELECT * FROM "long"."camera_day" WHERE time < now()', name)
    kept = {
        field.name: str(i) if field.kind is FieldType.STRING else i for i, field in enumerate(CAMERA_DAY.fields)
    }
    assert found == kept | {"time": midnight, "camera": "cam1", "site": "a"}


def test_a_name_with_quotes_is_a_name(tmp_path: Path, influxdb_server: InfluxDB) -> None:
    name = 'a "city", it'
    try:
        init_v1(tmp_path, influxdb_server, name)
        assert init_v1(tmp_path, influxdb_server, name)["steps"] == []
    finally:
        influxdb_server.query(r'DROP DATABASE "a \"city\", it"')


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = init(tmp_path, {"version": 1, "url": f"http://127.0.0.1:{free_port()}"})
    assert done.exit_code == 3
    assert "cannot be reached" in done.stderr


def test_an_influxdb_2_gets_buckets_and_tasks_once(tmp_path: Path) -> None:
    with buckets_server() as server:
        influx = {"version": 2, "url": server.url, "bucket": "pantau", "org": "city", "token": "t"}
        first = init(tmp_path, influx)
        assert first.exit_code == 0, first.output
        kept = {bucket["name"]: bucket["retentionRules"] for bucket in server.buckets}
        assert kept["pantau"][0]["everySeconds"] == 90 * 86400
        assert kept["pantau_long"] == []
        assert len(server.tasks) == 2 * len(SUMMARIES) - 1, "the days of cameras once a day only"
        (good,) = (task["flux"] for task in server.tasks if "samples_good_recent" in task["flux"])
        assert 'option task = {name: "pantau_pantau_camera_samples_good_recent_' in good
        assert "range(start: date.truncate(t: -900s, unit: 300s))" in good
        assert "filter(fn: (r) => r._value < 2)" in good
        assert 'to(bucket: "pantau_long", org: "city")' in good
        again = json.loads(init(tmp_path, influx).stdout)
        assert again["steps"] == []
        other = json.loads(init(tmp_path, influx, "--raw-days", "30", "--late-days", "0").stdout)
        assert "First --backfill, then --shorten" in other["remarks"][0]
        assert len(server.tasks) == len(SUMMARIES)
        init(tmp_path, influx, "--raw-days", "30", "--late-days", "0", "--shorten")
        assert server.buckets[0]["retentionRules"][0]["everySeconds"] == 30 * 86400


def test_a_server_without_buckets_is_told_so(tmp_path: Path, victoria_metrics: VictoriaMetrics) -> None:
    done = init(tmp_path, {"version": 2, "url": victoria_metrics.url, "bucket": "b", "org": "o"})
    assert done.exit_code == 3
    assert "has no buckets and tasks to set up" in done.stderr


def test_no_influx_in_the_configuration_is_told(tmp_path: Path) -> None:
    path = tmp_path / "collector.toml"
    path.write_text("")
    done = CliRunner().invoke(app, ["init-influx", "--config", str(path)])
    assert done.exit_code == 2
    assert "names no InfluxDB" in done.stderr


@pytest.mark.parametrize("window", ["5", "0m", "48h", "x"])
def test_a_wrong_window_is_told(tmp_path: Path, window: str) -> None:
    done = init(tmp_path, {"version": 1, "url": "http://127.0.0.1:1"}, "--window", window)
    assert done.exit_code == 2
    assert "--window: expected" in done.stderr
