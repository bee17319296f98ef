"""The listing says each minute what the collector knows of every camera, and whose it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pantau_collector.config import InfluxV1
from pantau_collector.deadletter import DeadLetters
from pantau_collector.fleet.view import CameraView, CityView, SiteView
from pantau_collector.simulation.agents import VirtualClock
from pantau_collector.sinks.answers import RetryLaterError
from pantau_collector.sinks.influx_v1 import InfluxV1Store
from pantau_collector.sinks.listing_writer import ListingWriter
from pantau_contract.states import Cause, State
from tests.servers.influxdb import Database

NOON = 1_795_500_000_000
MINUTE_MS = 60_000


def camera(camera_id: str, **known: Any) -> CameraView:
    whose = {"name": camera_id, "owner": "", "maintainer": "", "project": ""}
    state = {"state": State.OK, "cause": None, "since_ms": NOON}
    return CameraView(**({"id": camera_id} | whose | state | known))


def city(*cameras: CameraView, online: bool = True) -> CityView:
    return CityView(NOON, (SiteView("kabil", "Kabil", online, NOON, 0, "0.2.0", cameras),), ())


class Listing:
    """A writer of listings into a real InfluxDB, and the city that it lists."""

    def __init__(self, into: Database, folder: Path) -> None:
        self.clock = VirtualClock(NOON)
        self.shown = city()
        self.dead = DeadLetters(folder / "dead.jsonl", time_ms=self.clock.time_ms)
        store = InfluxV1Store(InfluxV1(version=1, url=into.url, database=into.name))
        self.writer = ListingWriter(lambda: self.shown, store, self.dead, self.clock)
        self._into = into

    def write(self, shown: CityView, *, after_s: float = 0) -> None:
        self.shown = shown
        self.clock.s += after_s
        self.writer.write()

    def rows(self) -> list[dict[str, Any]]:
        return self._into.query('SELECT * FROM "listing"')


@pytest.fixture
def listing(influxdb: Database, tmp_path: Path) -> Iterator[Listing]:
    made = Listing(influxdb, tmp_path)
    yield made
    made.writer.stop()


def test_each_camera_is_listed_with_its_state_and_whose_it_is(listing: Listing) -> None:
    down = camera("cam1", state=State.DOWN, cause=Cause.REFUSED, owner="Dishub", project="Jalan Layang, Kabil")
    listing.write(city(down, camera("cam2", rtp_loss_pct=0.5)))
    first, second = sorted(listing.rows(), key=lambda row: row["camera"])
    assert (first["state"], first["state_code"], first["cause"]) == ("down", 3, "refused")
    assert (first["owner"], first["maintainer"], first["project"]) == ("Dishub", "-", "Jalan Layang, Kabil")
    assert (second["state_code"], second["cause"], second["rtp_loss_pct"], second["heard"]) == (0, "", 0.5, 1)


def test_there_is_one_point_a_minute_however_often_the_collector_starts(listing: Listing) -> None:
    for after_s in (0, 20, 20):
        listing.write(city(camera("cam1")), after_s=after_s)
    assert [row["time"] for row in listing.rows()] == [NOON]
    listing.write(city(camera("cam1"), online=False), after_s=30)
    assert [(row["time"], row["heard"]) for row in listing.rows()] == [(NOON, 1), (NOON + MINUTE_MS, 0)]


def test_a_camera_that_changes_hands_is_listed_by_its_new_owner_from_then_on(listing: Listing) -> None:
    listing.write(city(camera("cam1", owner="Dishub")))
    listing.write(city(camera("cam1", owner="Diskominfo")), after_s=60)
    assert [(row["time"], row["owner"]) for row in listing.rows()] == [
        (NOON, "Dishub"),
        (NOON + MINUTE_MS, "Diskominfo"),
    ]


def test_odd_names_break_no_line(listing: Listing) -> None:
    odd = 'a "b", c=d\\\n<script> ✖'
    listing.write(city(camera("cam1", name=odd, owner=odd, project="\\"), camera("cam2")))
    first, second = sorted(listing.rows(), key=lambda row: row["camera"])
    assert first["name"] == odd.replace("\n", " ")
    assert "<script> ✖" in first["owner"]
    assert second["camera"] == "cam2"
    assert listing.dead.written == 0


def test_what_the_store_does_not_take_is_said_and_the_next_minute_says_it_again(
    influxdb: Database, tmp_path: Path
) -> None:
    listing = Listing(influxdb, tmp_path)
    influxdb.server.query(f'DROP DATABASE "{influxdb.name}"')
    with pytest.raises(RetryLaterError):
        listing.write(city(camera("cam1")))
    influxdb.server.query(f'CREATE DATABASE "{influxdb.name}"')
    listing.write(city(camera("cam1")), after_s=60)
    assert [row["time"] for row in listing.rows()] == [NOON + MINUTE_MS]
    listing.writer.stop()
