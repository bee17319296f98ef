import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pantau_collector.sinks.schema import MEASUREMENTS
from tests.grafana.history import END_MS, FAULTS, HOURS, MISSING, write_history
from tests.servers.influxdb import Database, InfluxDB

GRAFANA = Path(__file__).parents[2] / "collector" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "city.json").read_text("utf-8"))


def panels() -> Iterator[dict[str, Any]]:
    for panel in DASHBOARD["panels"]:
        yield panel
        yield from panel.get("panels", [])


QUERIES = [
    pytest.param(panel, target["query"], id=f"{panel['id']}{target['refId']}-{panel['title']}")
    for panel in panels()
    for target in panel.get("targets", [])
]


def as_grafana(
    query: str,
    panel: dict[str, Any],
    *,
    site: str = ".*",
    camera: str = ".*",
    interval: str = "1m",
    end_ms: int = END_MS,
) -> str:
    """Fill in Grafana's variables, over the dashboard's time or the panel's own.

    All of a variable is its `allValue` as it stands; chosen values are `(a|b)`, each escaped. Times are absolute,
    in milliseconds.
    """
    looks_back = panel.get("timeFrom") or f"{HOURS}h"
    back_ms = int(looks_back[:-1]) * {"m": 60_000, "h": 3_600_000, "d": 86_400_000}[looks_back[-1]]
    period = f"time >= {end_ms - back_ms}ms and time <= {end_ms}ms"
    query = query.replace("$timeFilter", period).replace("$__interval", interval)
    return query.replace("$site", site).replace("$camera", camera)


@pytest.fixture(scope="module")
def database(influxdb_server: InfluxDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    influxdb_server.query("CREATE DATABASE grafana")
    into = Database(influxdb_server, "grafana")
    write_history(into, tmp_path_factory.mktemp("history"))
    yield into
    influxdb_server.query("DROP DATABASE grafana")


def by_title(words: str) -> dict[str, Any]:
    return next(panel for panel in panels() if panel["title"] == words)


def ask(database: Database, title: str, **choice: Any) -> list[dict[str, Any]]:
    panel = by_title(title)
    return database.query(as_grafana(panel["targets"][0]["query"], panel, **choice))


@pytest.mark.parametrize(("language", "file"), [("id", "city.json"), ("en", "city.en.json")])
def test_the_dashboards_are_what_their_program_makes(language: str, file: str) -> None:
    made = subprocess.run(
        [sys.executable, GRAFANA / "city.py", language], capture_output=True, text=True, check=True
    )
    assert made.stdout == (GRAFANA / file).read_text("utf-8"), f"make it anew: city.py {language} > {file}"


def test_a_language_without_words_is_refused() -> None:
    made = subprocess.run([sys.executable, GRAFANA / "city.py", "fr"], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stdout) == (2, "")
    assert "'fr'" in made.stderr


@pytest.mark.parametrize(("panel", "query"), QUERIES)
def test_each_query_returns_rows(database: Database, panel: dict[str, Any], query: str) -> None:
    rows = database.query(as_grafana(query, panel))
    figures = [
        value
        for row in rows
        for name, value in row.items()
        if name not in {"time", "site", "camera"} and value != ""
    ]
    assert any(figure is not None for figure in figures), as_grafana(query, panel)


@pytest.mark.parametrize(("panel", "query"), QUERIES)
def test_each_query_follows_the_choice_of_a_site(database: Database, panel: dict[str, Any], query: str) -> None:
    asked = as_grafana(query, panel, site="(nowhere|no\\-where)")
    assert database.query(asked) == [], asked


@pytest.mark.parametrize(("panel", "query"), QUERIES)
def test_each_query_that_groups_by_time_is_bounded_wherever_it_does(panel: dict[str, Any], query: str) -> None:
    assert query.count("$timeFilter") >= max(query.count("GROUP BY time("), 1), panel["title"]
    assert "SLIMIT" not in query, "InfluxDB 3 does not know it"


def test_every_field_asked_for_is_in_the_schema() -> None:
    known = {field.name for measurement in MEASUREMENTS for field in measurement.fields}
    known |= {tag for measurement in MEASUREMENTS for tag in measurement.tags} | {m.name for m in MEASUREMENTS}
    for parameters in QUERIES:
        query = parameters.values[1]
        assert isinstance(query, str)
        made = set(re.findall(r'AS "(\w+)"', query))
        assert set(re.findall(r'"(\w+)"', query)) - made <= known, query


def test_the_variables_offer_every_site_and_the_cameras_of_the_chosen_ones(database: Database) -> None:
    offered = {
        variable["name"]: variable["query"]["query"]
        for variable in DASHBOARD["templating"]["list"]
        if variable["type"] == "query"
    }
    assert [row["value"] for row in database.query(offered["site"])] == ["kabil", "nongsa"]
    cameras = database.query(offered["camera"].replace("$site", "(kabil)"))
    assert {row["value"] for row in cameras} == FAULTS.keys()


def test_all_of_a_variable_is_one_expression_however_large_the_city() -> None:
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".*")


def test_panels_ask_the_data_source_that_is_chosen() -> None:
    for panel in panels():
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${source}"
            assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${source}"}


def test_the_cameras_that_need_someone_are_named_with_their_cause(database: Database) -> None:
    told = {(row["site"], row["camera"]): row["cause"] for row in ask(database, "Kamera yang perlu ditangani")}
    assert told == {("kabil", camera): cause.value for camera, (cause, _) in FAULTS.items() if cause}


def test_the_cameras_in_each_state_are_counted(database: Database) -> None:
    counted = {
        title: ask(database, title)[0]["count"]
        for title in (
            "Baik",
            "Di bawah standar",
            "Gambar tidak benar",
            "Padam",
            "Tidak diketahui",
            "Dinonaktifkan",
        )
    }
    assert list(counted.values()) == [2, 1, 1, 1, 1, 1]
    assert ask(database, "Lokasi terdengar")[0]["count"] == 2


def test_the_states_over_time_add_up_to_the_cameras(database: Database) -> None:
    panel = by_title("Kamera menurut keadaan")
    sums: dict[int, int] = {}
    for target in panel["targets"]:
        for row in database.query(as_grafana(target["query"], panel, interval="10m")):
            sums[row["time"]] = sums.get(row["time"], 0) + row["count"]
    assert set(sums.values()) == {7}


def test_missing_batches_are_counted_where_they_are_missing(database: Database) -> None:
    missing: dict[str, int] = {}
    for row in ask(database, "Kiriman yang tidak datang"):
        missing[row["site"]] = missing.get(row["site"], 0) + row["sum_count"]
    assert missing == {"kabil": 0, "nongsa": MISSING}


def test_the_worst_link_comes_first(database: Database) -> None:
    worst = ask(database, "RTP hilang terbanyak")[0]
    assert (worst["camera"], worst["loss"] > 1) == ("barat", True)


def test_weak_power_is_seen(database: Database) -> None:
    told = {row["site"]: row["undervoltage"] for row in ask(database, "Panas, catu daya dan kecepatan")}
    assert told == {"kabil": 0, "nongsa": 1}
