"""Every query of every dashboard, asked of a real InfluxDB that the collector's own parts have filled."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from pantau_collector.sinks.schema import MEASUREMENTS
from pantau_contract.words import words
from tests.grafana.dashboards import (
    LONG,
    Query,
    annotation_queries,
    levels,
    panel_queries,
    panel_titled,
    query_of,
    unbounded,
    variable_queries,
)
from tests.grafana.history import FAULTS, MISSING, write_history
from tests.servers.influxdb import Database, InfluxDB

SAY = words("id")
QUERIES = [pytest.param(query, id=query.where) for query in panel_queries()]
YEARS = [pytest.param(query, id=query.where) for query in panel_queries() if "${points:raw}" in query.text]
VARIABLES = [pytest.param(query, id=query.where) for query in variable_queries()]
ANNOTATIONS = [pytest.param(query, id=query.where) for query in annotation_queries()]
CHOICES = [
    pytest.param(query, choice, id=f"{choice}-{query.where}")
    for query in panel_queries()
    for choice in ("site", "camera", "owner", "maintainer", "project", "collector")
    if f"${choice}" in query.text
]
TAGS = {tag for measurement in MEASUREMENTS for tag in measurement.tags} - {"kind"}


@pytest.fixture(scope="module")
def database(influxdb_server: InfluxDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    yield write_history(influxdb_server, "grafana", tmp_path_factory.mktemp("history"))
    influxdb_server.query("DROP DATABASE grafana")


def ask(database: Database, dashboard: str, panel: str, **choice: str) -> list[dict[str, Any]]:
    return database.query(query_of(dashboard, SAY(f"grafana.panel.{panel}")).filled_in(choice))


def has_figures(rows: list[dict[str, Any]]) -> bool:
    return any(
        value not in (None, "") for row in rows for name, value in row.items() if name not in TAGS | {"time"}
    )


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_returns_rows(database: Database, query: Query) -> None:
    asked = query.filled_in()
    assert has_figures(database.query(asked)), asked


@pytest.mark.parametrize("query", YEARS)
def test_each_query_that_goes_back_for_years_returns_rows_of_the_summaries(
    database: Database, query: Query
) -> None:
    asked = query.filled_in(LONG, interval="5m")
    assert '"long".' in asked
    assert has_figures(database.query(asked)), asked


@pytest.mark.parametrize(("query", "choice"), CHOICES)
def test_each_query_follows_each_choice(database: Database, query: Query, choice: str) -> None:
    asked = query.filled_in({choice: r"(nowhere|no\-where)"})
    assert not has_figures([row for row in database.query(asked) if not is_filled_in(row)]), asked


def is_filled_in(row: dict[str, Any]) -> bool:
    """Return True for a row of `fill(0)`: InfluxDB has nothing there."""
    return set(row.values()) - {row.get("time")} <= {0}


@pytest.mark.parametrize("query", [*QUERIES, *VARIABLES, *ANNOTATIONS])
def test_each_query_is_bounded_in_time_at_every_level(query: Query) -> None:
    assert unbounded(query.text) == []
    assert "SLIMIT" not in query.text, "InfluxDB 3 does not know it"


def test_an_unbounded_query_is_seen() -> None:
    bounded = 'SELECT count("c") FROM (SELECT last("c") AS "c" FROM "m" WHERE $timeFilter GROUP BY "site")'
    assert unbounded(bounded) == []
    assert len(levels(bounded)) == 2
    assert unbounded(bounded.replace("WHERE $timeFilter ", "")) == [
        'SELECT last("c") AS "c" FROM "m" GROUP BY "site"'
    ]
    assert unbounded(bounded + " GROUP BY time(1m)") == ['SELECT count("c") FROM () GROUP BY time(1m)']


@pytest.mark.parametrize("query", [*QUERIES, *VARIABLES, *ANNOTATIONS])
def test_every_field_asked_for_is_in_the_schema(query: Query) -> None:
    known = {field.name for measurement in MEASUREMENTS for field in measurement.fields}
    known |= {tag for measurement in MEASUREMENTS for tag in measurement.tags} | {m.name for m in MEASUREMENTS}
    known |= {"none", "long"}
    made = set(re.findall(r'AS "([^"]+)"', query.text))
    assert set(re.findall(r'"([^"]+)"', query.text)) - made <= known, query.text


@pytest.mark.parametrize("query", VARIABLES)
def test_each_variable_offers_something(database: Database, query: Query) -> None:
    asked = query.filled_in()
    assert database.query(asked), asked


@pytest.mark.parametrize("query", ANNOTATIONS)
def test_incidents_mark_the_plots(database: Database, query: Query) -> None:
    rows = database.query(query.filled_in())
    assert rows
    assert all(row["cause"] for row in rows)


def offered(database: Database, dashboard: str, variable: str, **choice: str) -> set[str]:
    query = next(each for each in variable_queries() if each.where == f"{dashboard}-{variable}")
    return {row["value"] for row in database.query(query.filled_in(choice))}


def test_the_variables_offer_owners_and_what_belongs_to_the_chosen_ones(database: Database) -> None:
    assert offered(database, "city", "owner") == {"-", "Dinas Perhubungan", "Diskominfo (kota)"}
    assert offered(database, "city", "project") == {"-", "Jalan Layang Kabil"}
    assert offered(database, "city", "site") == {"kabil", "nongsa", "sagulung"}
    assert offered(database, "city", "site", owner="(Dinas Perhubungan)") == {"kabil", "sagulung"}
    assert offered(database, "city", "site", maintainer=r"(CV Sinar\/Teknik)") == {"kabil"}
    assert offered(database, "camera", "camera") == set(FAULTS)
    assert offered(database, "camera", "camera", site="sagulung") == {"simpang"}


def test_the_cameras_that_need_someone_are_named_with_their_cause(database: Database) -> None:
    told = {(row["site"], row["camera"]): row["cause"] for row in ask(database, "city", "need_someone")}
    assert told == {("kabil", camera): cause.value for camera, (cause, _) in FAULTS.items() if cause}


def test_an_owner_sees_its_own_cameras_alone(database: Database) -> None:
    own = ask(database, "city", "need_someone", owner=r"(Diskominfo \(kota\))")
    assert {row["camera"] for row in own} == {"timur", "barat"}
    states = query_of("city", "◆ gambar tidak benar").filled_in({"owner": "(Dinas Perhubungan)"})
    assert database.query(states) == []


def test_the_cameras_in_each_state_are_counted(database: Database) -> None:
    counted = {
        title: database.query(query_of("city", title).filled_in())[0]["count"]
        for title in (
            "● baik",
            "▼ di bawah standar",
            "◆ gambar tidak benar",
            "✖ padam",
            "? tidak diketahui",
            "– dinonaktifkan",
        )
    }
    assert list(counted.values()) == [2, 1, 1, 1, 2, 1]
    assert ask(database, "city", "sites_heard")[0]["count"] == 2
    assert ask(database, "city", "sites_silent")[0]["count"] == 1


def test_cameras_are_counted_by_whom_they_belong_to(database: Database) -> None:
    owners = {row["owner"]: row["count"] for row in ask(database, "city", "by_owner")}
    assert owners == {"Dinas Perhubungan": 1, "Diskominfo (kota)": 2}
    projects = {row["project"]: row["count"] for row in ask(database, "city", "by_project")}
    assert projects == {"-": 2, "Jalan Layang Kabil": 1}


@pytest.mark.parametrize("points", ["/^", LONG["points"]])
def test_the_states_over_time_add_up_to_the_cameras(database: Database, points: str) -> None:
    panel = panel_titled("city", "Kamera menurut keadaan")
    sums: dict[int, int] = {}
    for target in panel["targets"]:
        query = Query("city", "states", target["query"])
        for row in database.query(query.filled_in({"points": points}, interval="10m")):
            sums[row["time"]] = sums.get(row["time"], 0) + row["count"]
    assert set(sums.values()) == {8}


def test_missing_batches_are_counted_where_they_are_missing(database: Database) -> None:
    missing: dict[str, int] = {}
    for row in ask(database, "agents", "missing"):
        missing[row["site"]] = missing.get(row["site"], 0) + row["sum_count"]
    assert missing == {"kabil": 0, "nongsa": MISSING, "sagulung": 0}


def test_the_worst_link_comes_first(database: Database) -> None:
    worst = ask(database, "city", "loss_worst")[0]
    assert (worst["camera"], worst["loss"] > 1) == ("barat", True)


def test_weak_power_is_seen(database: Database) -> None:
    told = {row["site"]: row["undervoltage"] for row in ask(database, "agents", "power")}
    assert told == {"kabil": 0, "nongsa": 1, "sagulung": 0}


def test_the_days_until_certificates_end_are_told_of_each_site(database: Database) -> None:
    told = {
        row["site"]: round(row["certificate_days"]) for row in ask(database, "agents", "certificates_of_sites")
    }
    assert told == {"kabil": 90, "nongsa": 5, "sagulung": 90}


def test_the_days_of_an_owner_are_its_cameras_alone(database: Database) -> None:
    everyone = ask(database, "availability", "rates_of_cameras")
    own = ask(database, "availability", "rates_of_cameras", owner="(Dinas Perhubungan)")
    assert {row["camera"] for row in own} == {"utara", "selatan", "simpang"}
    assert len(everyone) > len(own)


def test_days_from_before_owners_were_written_count_where_all_are_chosen(database: Database) -> None:
    database.server.write(
        database.name, "camera_day,camera=lama,site=old online_ms=5i,judged_ms=10i 1795500000000"
    )
    rows = {row["site"]: row["online"] for row in ask(database, "availability", "rates")}
    assert rows["old"] == 50
    own = ask(database, "availability", "rates", owner="(Dinas Perhubungan)")
    assert "old" not in {row["site"] for row in own}


def test_whatever_takes_a_camera_down_is_told_on_its_page(database: Database) -> None:
    steps = ask(database, "camera", "incidents")
    assert {(row["kind"], row["cause"]) for row in steps} == {("opened", "refused")}
