"""The pictures from before and after an outage."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from pantau_collector.config import CollectorConfig
from pantau_collector.data_dir import DataDir
from pantau_collector.incidents.incident import Incident
from pantau_collector.outage_picture_keeper import OutagePictureKeeper
from pantau_collector.outage_pictures import Moment, OutagePicture, OutagePictureRules, OutagePictures
from pantau_collector.picture_retention import PictureRetention
from pantau_collector.pictures import PictureFiles
from pantau_collector.store import Store, incident_rows
from pantau_contract.states import State
from tests.collector.intake.messages import NOW, about, jpeg
from tests.collector.web.cities import camera, city, site
from tests.servers.postgresql import PostgreSQL

DAY_MS = 86_400_000
BEGAN = NOW - 600_000


def outage(number: int = 1, cameras: tuple[str, ...] = ("cam1",), *, resolved_ms: int | None = None) -> Incident:
    """Return an outage of a camera, or of the whole site."""
    one = cameras[0] if len(cameras) == 1 else None
    return Incident(number, "nagoya", one, "stalled", cameras, BEGAN, BEGAN + 20_000, 0.0, resolved_ms=resolved_ms)


class City:
    """A collector's snapshots, its state, and what it keeps of outages."""

    def __init__(self, folder: Path, rules: OutagePictureRules) -> None:
        self.folder = DataDir(folder)
        self.now = NOW
        self.snapshots = PictureFiles(self.folder.pictures, time_ms=lambda: self.now)
        self.store = Store.at(self.folder.store)
        self.kept = OutagePictures(self.folder.outage_pictures, rules, free_bytes=lambda: 10**12)
        self._keeper = OutagePictureKeeper(
            self.kept, self.snapshots, lambda: Store.at(self.folder.store), lambda: self.now
        )

    def taken(self, time_ms: int, camera: str = "cam1", state: State = State.OK) -> None:
        picture = about(time_ms, camera=camera, state=state)
        assert self.snapshots.put(picture, jpeg(picture))

    def look(self, *incidents: Incident) -> None:
        with self.store.begin() as connection:
            incident_rows.save_incidents(connection, incidents, ())
        self._keeper.look()

    def of(self, moment: Moment, camera: str = "cam1", incident: int = 1) -> int | None:
        """Return when the kept picture was taken, after reading it as a report does."""
        reader = OutagePictures(self.folder.outage_pictures, OutagePictureRules())
        found = reader.find(incident, moment, "nagoya", camera)
        return found.taken_ms if found else None

    def close(self) -> None:
        self._keeper.stop()
        self.store.close()


@pytest.fixture
def rules() -> OutagePictureRules:
    return OutagePictureRules()


@pytest.fixture
def nagoya(tmp_path: Path, rules: OutagePictureRules) -> Iterator[City]:
    opened = City(tmp_path, rules)
    yield opened
    opened.close()


def test_the_last_good_one_before_and_the_first_good_one_after_stay_though_others_follow(nagoya: City) -> None:
    nagoya.taken(BEGAN - 300_000)
    nagoya.taken(BEGAN - 1)
    nagoya.taken(BEGAN + 60_000, state=State.IMPAIRED)
    nagoya.look(outage())
    nagoya.look(outage(resolved_ms=NOW - 60_000))
    assert nagoya.of(Moment.AFTER) is None
    nagoya.taken(NOW - 30_000)
    nagoya.look()
    nagoya.taken(NOW)
    nagoya.look()
    assert nagoya.of(Moment.BEFORE) == BEGAN - 1
    assert nagoya.of(Moment.AFTER) == NOW - 30_000


def test_a_good_picture_from_during_the_outage_is_neither(nagoya: City) -> None:
    nagoya.taken(BEGAN + 60_000)
    nagoya.look(outage())
    assert nagoya.of(Moment.BEFORE) is None
    assert nagoya.of(Moment.AFTER) is None


def test_a_picture_after_is_awaited_for_a_day_and_no_longer(nagoya: City) -> None:
    nagoya.taken(BEGAN - 1)
    nagoya.look(outage())
    over = outage(resolved_ms=NOW)
    nagoya.now = NOW + DAY_MS + 1
    nagoya.taken(nagoya.now)
    nagoya.look(over)
    assert nagoya.of(Moment.AFTER) is None
    nagoya.now = NOW + DAY_MS - 1
    nagoya.look(over)
    assert nagoya.of(Moment.AFTER) == NOW + DAY_MS + 1


@pytest.mark.parametrize("rules", [OutagePictureRules(cameras_of_outage=2)])
def test_of_a_sites_outage_those_of_a_few_cameras_are_kept_before_and_after_of_the_same(nagoya: City) -> None:
    cameras = ("cam1", "cam2", "cam3", "cam4")
    for name in cameras[1:]:
        nagoya.taken(BEGAN - 1, name)
    nagoya.look(outage(cameras=cameras))
    assert [nagoya.of(Moment.BEFORE, name) for name in cameras] == [None, BEGAN - 1, BEGAN - 1, None]
    for name in cameras:
        nagoya.taken(NOW, name)
    nagoya.look(outage(cameras=cameras, resolved_ms=NOW - 1))
    assert [nagoya.of(Moment.AFTER, name) for name in cameras] == [None, NOW, NOW, None]


@pytest.mark.parametrize("rules", [OutagePictureRules(cameras_of_outage=0)])
def test_where_none_are_to_be_kept_none_are(nagoya: City) -> None:
    nagoya.taken(BEGAN - 1)
    nagoya.look(outage())
    assert not nagoya.folder.outage_pictures.exists()


def test_a_file_that_shows_another_camera_is_not_shown(nagoya: City) -> None:
    nagoya.taken(BEGAN - 1, "cam2")
    stranger = nagoya.snapshots.latest_good("nagoya", "cam2")
    assert stranger is not None
    picture = OutagePicture(stranger.read_bytes(), BEGAN - 1)
    assert nagoya.kept.keep(1, Moment.BEFORE, "nagoya", "cam1", picture)
    assert nagoya.of(Moment.BEFORE) is None
    assert nagoya.kept.keep(1, Moment.BEFORE, "nagoya", "cam2", picture)
    assert nagoya.of(Moment.BEFORE, "cam2") == BEGAN - 1


def test_a_snapshot_that_shows_another_camera_is_not_kept(nagoya: City) -> None:
    nagoya.taken(BEGAN - 1)
    nagoya.taken(BEGAN - 1, "cam2")
    mine, stranger = (nagoya.snapshots.latest_good("nagoya", name) for name in ("cam1", "cam2"))
    assert mine is not None
    assert stranger is not None
    mine.write_bytes(stranger.read_bytes())
    nagoya.look(outage())
    assert nagoya.kept.cameras() == set()


def test_they_go_when_they_are_old_and_when_their_camera_goes(nagoya: City) -> None:
    for name in ("cam1", "cam2", "cam3"):
        nagoya.taken(BEGAN - 1, name)
        nagoya.look(outage(int(name[3:]), (name,)))
    retention = PictureRetention(nagoya.kept, 62, lambda: nagoya.now)
    here = city([site("Nagoya", [camera("cam1"), camera("cam2")])])
    retention.compare_with(lambda: here)
    retention.check()
    retention.check()
    assert nagoya.kept.cameras() == {("nagoya", "cam1"), ("nagoya", "cam2")}
    nagoya.kept.remove([("nagoya", "cam2")])
    assert nagoya.of(Moment.BEFORE, "cam2", 2) is None
    assert nagoya.of(Moment.BEFORE) == BEGAN - 1
    nagoya.now = BEGAN - 1 + 62 * DAY_MS
    retention.check()
    assert nagoya.of(Moment.BEFORE) == BEGAN - 1
    nagoya.now += 1
    retention.check()
    assert not list(nagoya.folder.outage_pictures.iterdir())


def test_they_are_counted_by_outage_whatever_is_kept_again_or_removed(tmp_path: Path) -> None:
    kept = OutagePictures(tmp_path, OutagePictureRules(), free_bytes=lambda: 10**12)
    for name in ("cam1", "cam2", "cam1"):
        assert kept.keep(1, Moment.BEFORE, "kabil", name, OutagePicture(b"x", NOW))
    assert (kept.count(1, Moment.BEFORE), kept.count(1, Moment.AFTER), kept.count(2, Moment.BEFORE)) == (2, 0, 0)
    kept.remove([("kabil", "cam1"), ("kabil", "cam1")])
    assert kept.count(1, Moment.BEFORE) == 1
    assert OutagePictures(tmp_path, OutagePictureRules()).count(1, Moment.BEFORE) == 1


def test_beyond_the_limit_the_oldest_go_of_the_site_that_has_most(tmp_path: Path) -> None:
    kept = OutagePictures(tmp_path, OutagePictureRules(max_mb=0.003), free_bytes=lambda: 10**12)
    for number in range(5):
        where = ("kabil", "cam1") if number == 0 else ("nagoya", f"cam{number}")
        kept.keep(number, Moment.BEFORE, *where, OutagePicture(bytes(800), NOW + number))
    assert kept.cameras() == {("kabil", "cam1"), ("nagoya", "cam3"), ("nagoya", "cam4")}
    assert not kept.keep(9, Moment.BEFORE, "kabil", "cam9", OutagePicture(bytes(3001), NOW))


def test_they_have_a_twentieth_of_the_free_disk_at_most(tmp_path: Path) -> None:
    kept = OutagePictures(tmp_path, OutagePictureRules(), free_bytes=lambda: 20_000)
    assert not kept.keep(1, Moment.BEFORE, "kabil", "cam1", OutagePicture(bytes(1001), NOW))
    assert kept.keep(1, Moment.BEFORE, "kabil", "cam1", OutagePicture(bytes(1000), NOW))


def test_a_collector_that_starts_anew_knows_what_it_has_kept(nagoya: City, tmp_path: Path) -> None:
    nagoya.taken(BEGAN - 1)
    nagoya.look(outage())
    nagoya.taken(NOW)
    again = City(tmp_path, OutagePictureRules())
    again.look(replace(outage(), resolved_ms=NOW - 1))
    again.close()
    assert nagoya.of(Moment.BEFORE) == BEGAN - 1
    assert nagoya.of(Moment.AFTER) == NOW


def test_of_two_collectors_each_keeps_what_it_has_received(tmp_path: Path, postgresql: PostgreSQL) -> None:
    url = postgresql.create_database("pictures")
    active = Store(url)
    active.take_over()
    with active.begin() as connection:
        incident_rows.save_incidents(connection, [outage()], ())
    snapshots = PictureFiles(tmp_path / "snapshots", time_ms=lambda: NOW)
    assert snapshots.put(about(BEGAN - 1), jpeg(about(BEGAN - 1)))
    kept = OutagePictures(tmp_path / "kept", OutagePictureRules())
    standby = OutagePictureKeeper(kept, snapshots, lambda: Store(url), lambda: NOW)
    standby.look()
    assert kept.find(1, Moment.BEFORE, "nagoya", "cam1") == OutagePicture(jpeg(about(BEGAN - 1)), BEGAN - 1)
    with active.begin() as connection:  # which the one that only reads has not superseded
        incident_rows.save_incidents(connection, [outage(resolved_ms=NOW)], ())
    assert not active.superseded
    standby.stop()
    active.close()


def test_the_limits_are_as_the_example_says() -> None:
    example = Path(__file__).parents[2] / "collector" / "collector.example.toml"
    rules = CollectorConfig().outage_pictures
    assert tomllib.loads(example.read_text())["outage_pictures"] == rules.model_dump()
    assert (rules.keep_days, rules.cameras_of_outage, rules.max_mb) == (62, 4, 1000)
