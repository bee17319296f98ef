"""The days of cameras in the series are what the ledger says, however late it learns it, and whatever fails."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_collector.attribution import Decision, add_decision
from pantau_collector.config import InfluxV1, InfluxV2
from pantau_collector.deadletter import DeadLetters
from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Record
from pantau_collector.ledger import Bucket, Interval, Ledger
from pantau_collector.ledger.book import Book
from pantau_collector.ledger.facts import Facts
from pantau_collector.ledger.rows import load_changes
from pantau_collector.sinks.answers import RetryLaterError
from pantau_collector.sinks.camera_days import days
from pantau_collector.sinks.day_writer import DayWriter
from pantau_collector.sinks.decided_lives import DecidedLives
from pantau_collector.sinks.deliver import SeriesStore
from pantau_collector.sinks.influx_v1 import InfluxV1Store
from pantau_collector.sinks.influx_v2 import InfluxV2Store
from pantau_collector.store import Store, StoreError, downtime_rows, series_day_rows
from pantau_contract.states import Cause, State
from tests.collector.ledger.simulated import SimulatedSite, listening
from tests.servers.influxdb import Database
from tests.servers.postgresql import PostgreSQL
from tests.servers.victoria_metrics import VictoriaMetrics

ZONE = ZoneInfo("Asia/Jakarta")
HOUR, DAY = 3600, 86_400
HOUR_MS, DAY_MS = HOUR * 1000, DAY * 1000
SITE = "kabil"
ABOUT_MS = 250_000
"""Milliseconds by which a fault may be known too late or too early: two of the agent's intervals."""


class Lives(DecidedLives):
    """Lives of cameras: of `broken` sites unreadable, `given` if there are any; `then` is done after a reading."""

    def __init__(self, store: Store) -> None:
        inventory = Inventory()
        super().__init__(store, lambda: inventory)
        self.broken: set[str] = set()
        self.given: dict[str, list[Interval]] | None = None
        self.then: Callable[[], object] = int

    def of_site(self, site: str, from_ms: int, to_ms: int) -> Mapping[str, Sequence[Interval]]:
        if site in self.broken:
            raise ValueError(site)
        found = super().of_site(site, from_ms, to_ms)
        self.then()
        return found if self.given is None else self.given


class City:
    """A site that is simulated, its ledger, and the writer of its days. Time is the site's."""

    def __init__(self, store: Store, series: SeriesStore, folder: Path) -> None:
        self.store = store
        self.series = series
        self.site = SimulatedSite(SITE, ["cam1", "cam2"], interval_s=120)
        self.zone = ZONE
        self.lives = Lives(store)
        self._dead_letters = DeadLetters(folder / "dead.jsonl", time_ms=self.time_ms)
        self._entered = 0
        self.writer = self.start()

    def start(self) -> DayWriter:
        """Start the writer anew, as after a crash."""
        self.writer = DayWriter(
            self.store,
            self.series,
            self._dead_letters,
            self.lives,
            zone=self.zone,
            clock=self,
        )
        return self.writer

    def time_ms(self) -> int:
        return self.site.now_ms

    def monotonic(self) -> float:
        return self.site.now_ms / 1000

    def midnight(self) -> None:
        """Let time pass until the next midnight, and ten minutes more."""
        (day,) = days(self.zone, self.site.now_ms, self.site.now_ms + 1)
        self.site.run((day.to_ms - self.site.now_ms) / 1000 + 600)

    def learn(self, *more: Record) -> None:
        """Let the ledger read what has arrived."""
        facts = Facts()
        for record in [*self.site.records[self._entered :], *more]:
            facts.add(record)
        self._entered = len(self.site.records)
        with self.store.begin() as connection:
            Book(connection).enter(connection, facts)

    def write(self) -> int:
        """Learn, write a round, and return how many lines it wrote."""
        self.learn()
        before = self.writer.lines_written
        self.writer.write_round()
        return self.writer.lines_written - before


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store("sqlite://")
    yield store
    store.close()


@pytest.fixture
def city(store: Store, influxdb: Database, tmp_path: Path) -> Iterator[City]:
    series = InfluxV1Store(InfluxV1(version=1, url=influxdb.url, database=influxdb.name))
    yield City(store, series, tmp_path)
    series.close()


def points(database: Database, camera: str = "cam1") -> dict[str, dict[str, Any]]:
    """Return the points of a camera that are not empty, by the local date of their beginning."""
    rows = database.query(
        f"SELECT * FROM camera_day WHERE camera = '{camera}' AND time >= 0 AND time < {1 << 41}ms"
    )
    assert all(row["site"] == SITE for row in rows)
    return {
        datetime.fromtimestamp(row["time"] / 1000, ZONE).strftime("%m-%d"): row
        for row in rows
        if sum(row[f"{bucket}_ms"] for bucket in Bucket)
    }


def test_a_day_says_where_its_time_went_and_the_running_one_what_of_it_has_passed(
    city: City, influxdb: Database
) -> None:
    began_ms = city.site.now_ms
    city.midnight()
    city.site.run(6 * HOUR - 600)
    city.site.stop()
    city.site.run(6 * HOUR)
    city.site.start("machine")
    city.midnight()
    city.site.run(2 * HOUR - 600)
    city.write()
    found = points(influxdb)
    assert list(found) == ["09-21", "09-22", "09-23"]
    first, second, running = found.values()
    for each in found.values():
        in_service = each["service_ms"] + each["out_of_service_ms"]
        assert sum(each[f"{bucket}_ms"] for bucket in Bucket) == in_service
    assert first["out_of_service_ms"] == pytest.approx(began_ms - first["time"], abs=ABOUT_MS)
    assert second["power_ms"] == pytest.approx(6 * HOUR_MS, abs=ABOUT_MS)
    assert second["working_ms"] + second["power_ms"] == second["judged_ms"] == second["service_ms"] == DAY_MS
    assert second["online_ms"] == second["intact_ms"] == second["measured_ms"] == second["working_ms"]
    assert running["service_ms"] == 2 * HOUR_MS - 120_000
    assert points(influxdb, "cam2").keys() == found.keys()


def test_rates_leave_out_what_nobody_lost_and_tell_true_pictures_from_others(
    city: City, influxdb: Database
) -> None:
    """docs/availability.md, without a contract."""
    states = dict.fromkeys(Bucket, HOUR_MS)
    intervals: list[Interval] = []
    (day,) = days(ZONE, city.site.now_ms, city.site.now_ms + 1)
    from_ms = day.from_ms
    city.midnight()
    city.learn()
    (template,) = Ledger(city.store, Inventory()).intervals(SITE, "nobody", 0, 1)
    for bucket, ms in states.items():
        intervals.append(
            type(template)(from_ms, from_ms + ms, bucket, bucket, bucket, template.state, None, template.evidence)
        )
        from_ms += ms
    last = intervals[-1]
    intervals.append(
        type(template)(
            from_ms, 1 << 60, Bucket.WORKING, last.unplanned, last.at_site, last.state, None, last.evidence
        )
    )
    city.lives.given = {"cam1": intervals}
    city.writer.write_round()
    found = points(influxdb)[f"{datetime.fromtimestamp(day.from_ms / 1000, ZONE):%m-%d}"]
    rest_ms = DAY_MS - len(Bucket) * HOUR_MS
    assert found["working_ms"] == HOUR_MS + rest_ms
    assert found["service_ms"] == DAY_MS - HOUR_MS
    assert found["judged_ms"] == DAY_MS - 4 * HOUR_MS, "not out_of_service, maintenance, watcher, not_known"
    assert found["online_ms"] == rest_ms + 3 * HOUR_MS, "working, below_standard, picture"
    assert found["intact_ms"] == rest_ms + 2 * HOUR_MS, "working, below_standard"


def test_only_what_has_changed_is_written_again(city: City) -> None:
    for _ in range(4):
        city.midnight()
    assert city.write() == 2 * 5, "two cameras, five days"
    assert city.write() == 0
    city.site.run(HOUR)
    assert city.write() == 2, "the running day"
    city.midnight()
    assert city.write() == 4, "the day that ended, and the new one"


def test_a_backlog_corrects_the_days_that_it_is_about(city: City, influxdb: Database) -> None:
    city.midnight()
    city.site.cut_line()
    city.midnight()
    city.midnight()
    city.write()
    city.site.run(HOUR)
    city.write()
    dark = list(points(influxdb).values())[1]
    assert dark["not_known_ms"] == pytest.approx(DAY_MS, abs=3 * ABOUT_MS)
    assert dark["judged_ms"] == dark["working_ms"] == DAY_MS - dark["not_known_ms"]
    city.site.mend_line()
    city.site.run(HOUR)
    assert city.write() == 2 * 3, "the two days that were dark, and the running one"
    _, seen, corrected, today = points(influxdb).values()
    assert (seen["not_known_ms"], seen["measured_ms"]) == (0, DAY_MS)
    assert seen["link_ms"] == dark["not_known_ms"]
    assert (corrected["link_ms"], today["not_known_ms"]) == (DAY_MS, 0)


def test_an_agent_of_before_corrects_the_gap_that_its_next_batch_ends(city: City, influxdb: Database) -> None:
    city.site = SimulatedSite(SITE, ["cam1", "cam2"], interval_s=120, old=True)
    city.midnight()
    city.site.stop()
    for _ in range(3):
        city.midnight()
        city.write()
    assert list(points(influxdb).values())[-2]["not_known_ms"] == DAY_MS
    city.site.start("machine")
    city.site.run(HOUR)
    city.write()
    assert list(points(influxdb).values())[-2]["power_ms"] == DAY_MS


def test_maintenance_that_is_planned_or_cancelled_corrects_the_past(city: City, influxdb: Database) -> None:
    city.midnight()
    city.site.stop()
    city.site.run(DAY)
    city.site.start("machine")
    city.site.run(HOUR)
    city.write()
    (day,) = days(ZONE, city.site.now_ms - DAY_MS, city.site.now_ms - DAY_MS + 1)
    with city.store.begin() as connection:
        planned = Downtime(0, Scope.SITE, SITE, day.from_ms, day.to_ms, created_ms=day.from_ms, by="Ani")
        downtime_rows.add_downtime(connection, planned)
    city.write()
    assert list(points(influxdb).values())[1]["maintenance_ms"] > 23 * HOUR_MS
    with city.store.begin() as connection:
        downtime_rows.cancel_downtime(connection, 1, now_ms=day.from_ms)
    city.write()
    assert list(points(influxdb).values())[1]["power_ms"] > 23 * HOUR_MS


def test_a_decision_moves_the_time_of_the_days_that_it_is_about(city: City, influxdb: Database) -> None:
    city.midnight()
    begin_ms = city.site.now_ms
    city.site.set(Cause.REFUSED, "cam1")
    city.site.run(6 * HOUR)
    end_ms = city.site.now_ms
    city.site.set(State.OK, "cam1")
    city.midnight()
    city.write()
    before = list(points(influxdb).values())[1]
    assert before["camera_ms"] == pytest.approx(6 * HOUR_MS, abs=ABOUT_MS)
    decision = Decision(
        0, 1, ((SITE, "cam1"),), begin_ms, end_ms, Bucket.THIRD_PARTY, "PT X", "cut", "Ani", end_ms, {}
    )
    with city.store.begin() as connection:
        add_decision(connection, decision)
    assert city.write() == 2 * 1, "of the one day"
    after = list(points(influxdb).values())[1]
    assert (after["camera_ms"], after["third_party_ms"]) == (0, before["camera_ms"])
    assert after["judged_ms"] == before["judged_ms"], "without a contract it is lost all the same"


def test_after_a_crash_at_any_instant_nothing_is_missing(
    city: City, influxdb: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.midnight()
    city.site.cut_line()
    city.midnight()
    city.site.run(HOUR)
    city.write()
    city.site.mend_line()
    city.site.run(HOUR)
    city.learn()
    series = city.series

    class Away:
        name = "away"

        def write(self, _: bytes) -> None:
            raise RetryLaterError("away")

        def close(self) -> None:
            pass

    def crash(*_: object) -> None:
        raise StoreError("killed here")

    city.series = Away()
    with pytest.raises(RetryLaterError):
        city.start().write_round()
    city.series = series
    for instant in ("save_digests", "drop_days"):
        with monkeypatch.context() as patch:
            patch.setattr(series_day_rows, instant, crash)
            with pytest.raises(StoreError):
                city.start().write_round()
        with city.store.begin() as connection:
            assert [change.site for change in load_changes(connection)] == [SITE]
    city.start().write_round()
    assert [each["not_known_ms"] for each in points(influxdb).values()] == [0, 0, 0]
    assert list(points(influxdb).values())[1]["link_ms"] > 23 * HOUR_MS
    with city.store.begin() as connection:
        assert load_changes(connection) == []


def test_what_changes_while_a_site_is_written_is_not_lost(city: City, influxdb: Database) -> None:
    city.midnight()
    city.site.cut_line()
    city.midnight()
    city.site.run(HOUR)
    city.write()
    city.site.mend_line()
    city.site.run(HOUR)
    city.lives.then = city.learn
    city.writer.write_round()
    city.writer.write_round()
    assert list(points(influxdb).values())[1]["link_ms"] > 23 * HOUR_MS


def test_another_zone_takes_back_the_days_of_the_one_before(city: City, influxdb: Database) -> None:
    city.midnight()
    city.site.run(12 * HOUR)
    city.write()
    service_ms = sum(each["service_ms"] for each in points(influxdb).values())
    city.zone = ZoneInfo("Asia/Jayapura")
    city.start()
    city.write()
    rows = influxdb.query(f"SELECT * FROM camera_day WHERE camera = 'cam1' AND time < {1 << 41}ms")
    assert sum(row["service_ms"] for row in rows) == service_ms
    assert {row["time"] % DAY_MS for row in rows if row["service_ms"]} == {15 * HOUR_MS}


def test_a_site_that_cannot_be_read_holds_up_no_other(city: City, influxdb: Database) -> None:
    city.midnight()
    other = SimulatedSite("aaa", ["cam1"], interval_s=120)
    other.run(HOUR)
    city.learn(*other.records)
    city.lives.broken = {"aaa"}
    city.write()
    assert points(influxdb)
    with city.store.begin() as connection:
        assert [change.site for change in load_changes(connection)] == ["aaa"]


def test_postgresql_and_the_api_of_influxdb_2_do_the_same(
    postgresql: PostgreSQL, victoria_metrics: VictoriaMetrics, tmp_path: Path
) -> None:
    store = Store(postgresql.create_database("days"))
    series = InfluxV2Store(InfluxV2(version=2, url=victoria_metrics.url, bucket="pantau", org="city"))
    city = City(store, series, tmp_path)
    city.learn(listening(city.site.now_ms, city.site.now_ms + DAY_MS))
    city.midnight()
    city.midnight()
    city.site.run(HOUR)
    assert city.write() == 2 * 3
    assert city.write() == 0
    found = {
        series["metric"]["camera"]: dict(zip(series["timestamps"], series["values"], strict=True))
        for series in victoria_metrics.export('{__name__="camera_day_working_ms"}')
    }
    (day,) = days(ZONE, city.site.now_ms - DAY_MS, city.site.now_ms - DAY_MS + 1)
    assert {camera: values[day.from_ms] for camera, values in found.items()} == {"cam1": DAY_MS, "cam2": DAY_MS}
    with store.begin() as connection:
        assert load_changes(connection) == []
    series.close()
    store.close()


@given(
    st.sampled_from(["Asia/Jakarta", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut", "Europe/Berlin"]),
    st.integers(1_200_000_000, 1_700_000_000),
    st.integers(1, 400 * DAY),
)
def test_days_are_whole_and_follow_one_another(name: str, from_s: int, length_s: int) -> None:
    zone = ZoneInfo(name)
    found = list(days(zone, from_s * 1000, (from_s + length_s) * 1000))
    assert found[0].from_ms <= from_s * 1000 < found[0].to_ms
    assert found[-1].from_ms < (from_s + length_s) * 1000 <= found[-1].to_ms
    for one, following in itertools.pairwise(found):
        assert one.to_ms == following.from_ms
    for day in found:
        first, last = (datetime.fromtimestamp(ms / 1000, zone).date() for ms in (day.from_ms, day.to_ms - 1))
        assert first == last or day.from_ms == day.to_ms
