"""What the panels of availability say of a month whose truth is known, through journal, ledger and InfluxDB."""

from collections.abc import Iterator
from typing import Any

import pytest

from pantau_collector.journal import Journal
from pantau_collector.ledger import Bucket
from pantau_collector.sinks.camera_days import days
from pantau_contract.states import Cause, State
from tests.collector.ledger.simulated import EPOCH_MS, SimulatedSite, listening
from tests.grafana.dashboards import panel_titled, query_of
from tests.grafana.history import ZONE, write_days
from tests.servers.influxdb import Database, InfluxDB

DAY, DAY_MS = 86_400, 86_400_000
(TODAY,) = days(ZONE, EPOCH_MS, EPOCH_MS + 1)
BEGIN_MS, END_MS = TODAY.to_ms, TODAY.to_ms + 30 * DAY_MS
FAULTY = {"power", "camera", "link", "agent"}
REPORTS_S = 400
"""Seconds from one report to the next, a divisor of a day's and of the time before the first midnight."""
RATES = "Ketersediaan dan bagian terukur tiap lokasi"
MINUTES = "Menit menurut golongan, semua kamera tiap lokasi"


@pytest.fixture(scope="module")
def month(influxdb_server: InfluxDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Yield thirty days of sites, each with its own fault from the eleventh to the twentieth; `gone` is dark."""
    sites = {
        name: SimulatedSite(name, ["cam1"], interval_s=REPORTS_S)
        for name in ("power", "camera", "link", "agent", "well")
    }
    gone = SimulatedSite("gone", ["cam1"], interval_s=REPORTS_S)
    gone.run(3600)
    for site in sites.values():
        site.run((BEGIN_MS - EPOCH_MS) / 1000 + 10 * DAY)
    sites["power"].stop()
    sites["camera"].set(Cause.REFUSED)
    sites["link"].cut_line()
    sites["agent"].stop()
    for site in sites.values():
        site.run(10 * DAY)
    sites["power"].start("machine")
    sites["camera"].set(State.OK)
    sites["link"].mend_line()
    sites["agent"].start("service")
    for site in sites.values():
        site.run(10 * DAY + 3600)
    folder = tmp_path_factory.mktemp("month")
    influxdb_server.query("CREATE DATABASE month")
    database = Database(influxdb_server, "month")
    with Journal(folder / "journal") as journal:
        for site in (*sites.values(), gone):
            journal.append(site.records)
        journal.append([listening(EPOCH_MS, END_MS)])
        write_days(journal, database, folder, END_MS + 1800_000)
    yield database
    influxdb_server.query("DROP DATABASE month")


def ask(month: Database, title: str) -> list[dict[str, Any]]:
    query = query_of("availability", title)
    return month.query(query.filled_in(end_ms=END_MS - 1))


def asked(month: Database, title: str) -> dict[str, dict[str, Any]]:
    return {row["site"]: row for row in ask(month, title)}


def test_ten_days_of_thirty_without_power_are_not_a_hundred_percent(month: Database) -> None:
    rates = asked(month, RATES)
    online = {site: round(row["online"], 2) for site, row in rates.items()}
    assert online == {"power": 66.67, "camera": 66.67, "link": 66.67, "agent": 100, "well": 100}
    measured = {site: round(row["measured"], 2) for site, row in rates.items()}
    assert measured == {"power": 66.67, "camera": 100, "link": 100, "agent": 66.67, "well": 100}
    assert {site: row["intact"] for site, row in rates.items()} == {
        site: row["online"] for site, row in rates.items()
    }


def test_a_site_of_which_nothing_is_known_has_no_rate_and_no_hundred_or_zero_percent(month: Database) -> None:
    assert "gone" not in asked(month, RATES)
    assert {row["site"] for row in ask(month, "Daring: ketersediaan tiap lokasi")} == FAULTY | {"well"}
    assert asked(month, MINUTES)["gone"][Bucket.NOT_KNOWN] == 30 * 1440


def test_each_day_is_told_by_itself(month: Database) -> None:
    for title, low in (
        ("Daring: ketersediaan tiap lokasi", {"power", "camera", "link"}),
        ("Bagian terukur tiap lokasi", {"power", "agent"}),
    ):
        rows = ask(month, title)
        found: dict[str, list[float]] = {}
        for row in rows:
            assert (row["time"] - BEGIN_MS) % DAY_MS == 0
            (value,) = (value for name, value in row.items() if name not in ("time", "site"))
            found.setdefault(row["site"], []).append(round(value))
        if values := found.pop("gone", None):
            assert values == [0] * 30, "of no day anything was measured"
        for site, values in found.items():
            faulty = [0] * 10 if site in low else [100] * 10
            left_out = title.startswith("Daring") and site == "agent"
            assert values == [100] * 10 + ([] if left_out else faulty) + [100] * 10, (title, site)


def test_the_minutes_are_in_the_bucket_of_the_fault_and_sum_to_the_month(month: Database) -> None:
    minutes = asked(month, MINUTES)
    for site, bucket in {
        "power": Bucket.POWER,
        "camera": Bucket.CAMERA,
        "link": Bucket.LINK,
        "agent": Bucket.WATCHER,
    }.items():
        assert minutes[site][bucket] == pytest.approx(10 * 1440, abs=1)
    for row in minutes.values():
        assert sum(row[bucket] for bucket in Bucket) == pytest.approx(30 * 1440)
    panel = panel_titled("availability", "Menit saat kamera tidak bekerja semestinya, menurut golongan")
    assert [target["alias"] for target in panel["targets"]][2:6] == [
        "padam: kamera",
        "padam: perekam atau switch",
        "jalur",
        "listrik",
    ]
    assert len({target["refId"] for target in panel["targets"]}) == len(Bucket) - 2
