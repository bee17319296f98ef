import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from pantau_collector.commands.replay import replay
from pantau_collector.data_dir import DataDir
from pantau_collector.journal import Journal, Record
from pantau_collector.store import Store, series_day_rows
from pantau_contract.topics import TopicKind
from pantau_contract.wire import encode
from tests.collector.intake.messages import NOW, telemetry, topic
from tests.collector.sinks.scripted_server import Answer, scripted_server
from tests.servers.influxdb import Database

HOUR = 3_600_000


class Place:
    """A collector's configuration and journal, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "collector.toml"
        self.configure("")
        self.journal = Journal(folder / "data" / "journal", segment_bytes=10_000)
        for i in range(48):
            batch = telemetry(i, time=NOW + i * HOUR)
            self.journal.append([Record(batch.time + 100, topic(TopicKind.TELEMETRY), encode(batch))])

    def configure(self, influx: str) -> None:
        self.config.write_text(f'data_dir = "data"\n{influx}')

    def replay(self, *options: str) -> Result:
        app = typer.Typer()
        app.command()(replay)
        return CliRunner().invoke(app, ["--config", str(self.config), *options])

    def outcome(self, *options: str) -> dict[str, Any]:
        result = self.replay("--json", *options)
        outcome: dict[str, Any] = json.loads(result.stdout)
        return outcome | {"exit": result.exit_code}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def batches_in(database: Database) -> int:
    rows = database.query(f"SELECT count(seq) FROM agent WHERE time >= 0 AND time < {2 * NOW}ms")
    return rows[0]["count"] if rows else 0


def test_a_collector_that_never_had_an_influxdb_fills_one_while_it_runs(place: Place, influxdb: Database) -> None:
    result = place.replay("--url", influxdb.url, "--database", influxdb.name)
    assert result.exit_code == 0, result.output
    assert batches_in(influxdb) == 48
    assert "192 lines of 48 messages are in InfluxDB at" in " ".join(result.stderr.split())


def test_the_configured_influxdb_is_the_default_and_twice_is_once(place: Place, influxdb: Database) -> None:
    place.configure(f'[influx]\nversion = 1\nurl = "{influxdb.url}"\ndatabase = "{influxdb.name}"\n')
    for _ in range(2):
        outcome = place.outcome()
        assert outcome["exit"] == 0
        assert (outcome["records"], outcome["lines"], outcome["refused"]) == (48, 192, 0)
    assert batches_in(influxdb) == 48


def test_the_running_collector_writes_the_days_of_cameras_again(place: Place, influxdb: Database) -> None:
    place.configure(f'[influx]\nversion = 1\nurl = "{influxdb.url}"\ndatabase = "{influxdb.name}"\n')
    with closing(Store.at(DataDir(place.folder / "data").store)) as store:

        def days() -> dict[str, int]:
            with store.begin() as connection:
                return series_day_rows.load_newest(connection)

        with store.begin() as connection:
            series_day_rows.save_digests(connection, "nagoya", {NOW: 1})
        assert place.replay("--url", influxdb.url, "--database", influxdb.name).exit_code == 0
        assert days() == {"nagoya": NOW}, "another server may be meant"
        place.outcome()
        assert days() == {}


def test_only_a_time_is_poured(place: Place, influxdb: Database) -> None:
    outcome = place.outcome(
        *("--url", influxdb.url, "--database", influxdb.name),
        *("--from", "2026-09-22T00:00", "--to", "2026-09-22T13:00:00+07:00"),
    )
    assert outcome["exit"] == 0
    first, last = 1_790_035_200_000, 1_790_035_200_000 + 6 * HOUR
    assert outcome["records"] == sum(first <= NOW + i * HOUR + 100 < last for i in range(48)) == 6
    assert batches_in(influxdb) == 6


def test_refused_lines_are_counted_kept_and_told(place: Place) -> None:
    with scripted_server() as server:
        server.answers = [Answer(400, b'{"error":"partial write: beyond retention dropped=192"}')]
        result = place.replay("--url", server.url)
        assert result.exit_code == 1
        assert "192 were refused" in result.stderr
        letters = (place.folder / "data" / "dead-letters" / "replay.jsonl").read_text().splitlines()
        assert len(letters) == 192
        assert "beyond retention" in json.loads(letters[0])["reason"]


def test_a_server_that_takes_nothing_ends_it_when_patience_does(place: Place) -> None:
    with scripted_server() as server:
        server.answers = [Answer(503)]
        result = place.replay("--url", server.url, "--patience", "0.1")
        assert result.exit_code == 3
        assert "is busy" in result.stderr
        assert "Repeat the command" in result.stderr


def test_a_server_that_is_busy_for_a_moment_is_waited_for(place: Place) -> None:
    with scripted_server() as server:
        server.answers = [Answer(503), Answer(204)]
        assert place.outcome("--url", server.url)["exit"] == 0


def test_the_v2_interface_is_taken_when_a_bucket_is_named(place: Place, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    with scripted_server() as server:
        options = ("--url", server.url, "--bucket", "city", "--token-file", str(tmp_path / "token"))
        assert place.outcome(*options)["exit"] == 0
        assert server.headers[0]["Authorization"] == "Token s3cret"


def test_the_configured_password_goes_to_the_configured_server_only(place: Place) -> None:
    with scripted_server() as other, scripted_server() as own:
        place.configure(f'[influx]\nversion = 1\nurl = "{own.url}"\nuser = "city"\npassword = "s3cret"\n')
        assert place.outcome()["exit"] == 0
        assert place.outcome("--url", other.url)["exit"] == 0
        assert own.headers[0]["authorization"].startswith("Basic ")
        assert "authorization" not in {name.lower() for name in other.headers[0]}


@pytest.mark.parametrize(
    ("influx", "options", "words"),
    [
        ("", (), "expected --url"),
        ("", ("--bucket", "city"), "expected --url"),
        ("", ("--url", "influx:8086"), "--url: "),
        ("", ("--url", "http://i", "--database", "a", "--bucket", "b"), "not both"),
        ("", ("--url", "http://i", "--from", "yesterday"), "--from: expected a time such as"),
        ("", ("--url", "http://i", "--bucket", "b", "--token-file", "/nowhere"), "--token-file: "),
        ("[influx]\nversion = 3\n", (), "influx: expected `version` to be one of 1, 2"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_poured(
    place: Place, influx: str, options: tuple[str, ...], words: str
) -> None:
    place.configure(influx)
    result = place.replay(*options)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())


def test_a_data_dir_without_a_journal_is_told(place: Place) -> None:
    place.config.write_text('data_dir = "elsewhere"\n')
    result = place.replay("--url", "http://127.0.0.1:1")
    assert result.exit_code == 2
    assert "there is no journal" in " ".join(result.stderr.split())
