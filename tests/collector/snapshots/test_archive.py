"""What of the pictures that arrive is kept, where, and for how long."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pydantic import ValidationError

from pantau_collector.picture_retention import PictureRetention
from pantau_collector.snapshots import SnapshotRules, Why
from pantau_collector.snapshots.index import NAME
from pantau_collector.snapshots.snapshot import parse_id, parse_name
from pantau_contract.snapshot import read_stamp
from pantau_contract.states import Cause, State
from tests.collector.snapshots.cameras import SITE, Collector, at, street
from tests.collector.web import cities

DAY_MS = 86_400_000


@pytest.fixture
def city(tmp_path: Path) -> Collector:
    return Collector(tmp_path)


def day_of(
    city: Collector, day: str, *, camera: str = "cam1", site: str = SITE, cause: Cause | None = None
) -> None:
    for hour in range(7, 18):
        city.sent(f"{day} {hour:02}:05", cause=cause, camera=camera, site=site)
    city.archive.flush()


def tidy(city: Collector, now: str, *, of_project: bool = False) -> int:
    """Remove what is old, as the collector does each day."""
    city.now_ms = at(now)
    city.archive.follow(lambda _: of_project)
    return city.archive.remove_old(city.now_ms - city.archive.rules.longest_days * DAY_MS)


def test_one_of_each_hour_is_kept(city: Collector) -> None:
    for minute in range(0, 60, 5):
        city.sent(f"2026-11-10 09:{minute:02}")
    city.sent("2026-11-10 10:00")
    assert city.kept() == ["10 09:00 hour ok", "10 10:00 hour ok"]


def test_an_hour_whose_first_picture_was_not_true_has_its_first_true_one_too(city: Collector) -> None:
    city.sent("2026-11-10 09:00", cause=Cause.BLACK)
    city.sent("2026-11-10 09:05", cause=Cause.BLACK)
    city.sent("2026-11-10 09:10")
    city.sent("2026-11-10 09:15")
    assert city.kept() == ["10 09:00 hour black", "10 09:10 hour ok"]
    tidy(city, "2026-11-11 00:30")
    assert city.kept() == ["10 09:10 hour ok"]


def test_of_a_change_the_last_good_one_and_the_first_one_after_it_are_kept(city: Collector) -> None:
    city.became("2026-11-10 08:00")
    city.sent("2026-11-10 09:00")
    city.sent("2026-11-10 09:20")
    city.became("2026-11-10 09:22", Cause.COVERED)
    city.sent("2026-11-10 09:23", cause=Cause.COVERED)
    city.sent("2026-11-10 09:24", cause=Cause.COVERED)
    city.became("2026-11-10 09:30")
    city.sent("2026-11-10 09:31")
    assert city.kept() == [
        "10 09:00 hour ok",
        "10 09:20 change ok",
        "10 09:23 change covered",
        "10 09:31 change ok",
    ]


def test_a_camera_that_is_gone_has_its_last_good_one_and_the_first_after(city: Collector) -> None:
    city.became("2026-11-10 08:00")
    city.sent("2026-11-10 09:00")
    city.became("2026-11-10 09:10", Cause.UNREACHABLE)
    city.became("2026-11-10 11:40")
    city.sent("2026-11-10 11:41")
    assert city.kept() == ["10 09:00 change ok", "10 11:41 change ok"]
    assert len(city.on_disk()) == 2


def test_a_picture_from_before_the_agent_was_sure_says_what_it_shows(city: Collector) -> None:
    city.became("2026-11-10 08:00")
    city.sent("2026-11-10 09:00")
    city.sent("2026-11-10 10:01")  # frozen already, and nobody knows
    city.archive.flush()
    city.became("2026-11-10 10:00", Cause.FROZEN)
    assert city.kept() == ["10 09:00 hour ok", "10 10:01 hour frozen"]
    city.sent("2026-11-10 10:02")  # late: its stamp says ok
    assert city.kept()[-1] == "10 10:02 change frozen"
    assert not city.reader.list((SITE, "cam1"))[-1].is_true
    assert all(city.reader.open(each.id) for each in city.reader.list((SITE, "cam1")))


def test_states_that_are_repeated_at_each_connection_are_no_change(city: Collector) -> None:
    for _ in range(3):
        city.became("2026-11-10 08:00", Cause.BLACK)
    city.sent("2026-11-10 09:00", cause=Cause.BLACK)
    city.sent("2026-11-10 09:01", cause=Cause.BLACK)
    assert city.kept() == ["10 09:00 hour black"]


def test_of_a_camera_that_flaps_not_more_than_so_many_changes_a_day_are_kept(tmp_path: Path) -> None:
    city = Collector(tmp_path, SnapshotRules(changes_a_day=3))
    city.became("2026-11-10 08:00")
    for minute in range(0, 58, 2):
        cause = Cause.BLACK if minute % 4 else None
        city.became(f"2026-11-10 09:{minute + 1:02}", cause)
        city.sent(f"2026-11-10 09:{minute + 1:02}", cause=cause)
    assert sum("change" in each for each in city.kept()) <= 6


def test_a_picture_that_comes_late_or_is_none_is_not_kept_as_another(city: Collector) -> None:
    city.sent("2026-11-10 10:00")
    city.sent("2026-11-10 09:00")
    assert city.kept() == ["10 10:00 hour ok"]
    with pytest.raises(Exception, match="JPEG"):
        city.sent("2026-11-10 11:00", b"\xff\xd8 this is no picture")
    assert city.kept() == ["10 10:00 hour ok"]


def test_what_is_kept_is_what_was_sent_and_stays_when_newer_ones_follow(city: Collector) -> None:
    city.sent("2026-11-10 09:00", street(seed=7))
    city.archive.flush()
    (kept,) = city.reader.list((SITE, "cam1"))
    first = city.reader.open(kept.id)
    city.sent("2026-11-10 09:30", street(seed=8))
    assert first is not None
    assert city.reader.open(kept.id) == first
    assert read_stamp(first).time == at("2026-11-10 09:00")
    assert (kept.id, kept.state, kept.is_true) == (f"nagoya/cam1/{at('2026-11-10 09:00')}", State.OK, True)


def test_the_hours_go_then_the_days_and_a_project_keeps_its_days_longest(city: Collector) -> None:
    day_of(city, "2026-11-10")
    assert len(city.kept()) == 11
    tidy(city, "2026-11-17 01:00")
    assert city.kept() == ["10 12:05 hour ok"]
    tidy(city, "2027-02-12 01:00", of_project=True)
    assert city.kept() == ["10 12:05 hour ok"]
    tidy(city, "2027-02-13 01:00")
    assert city.kept() == []
    assert city.on_disk() == set()


def test_changes_stay_their_own_time(city: Collector) -> None:
    city.became("2026-11-10 08:00")
    day_of(city, "2026-11-10")
    city.became("2026-11-10 17:30", Cause.COVERED)
    city.sent("2026-11-10 17:31", cause=Cause.COVERED)
    tidy(city, "2026-11-20 01:00")
    assert city.kept() == ["10 12:05 hour ok", "10 17:05 change ok", "10 17:31 change covered"]
    tidy(city, "2026-12-12 01:00")
    assert city.kept() == ["10 12:05 hour ok"]


def test_the_best_of_a_day_is_a_true_one_by_day_in_the_best_light(city: Collector) -> None:
    city.sent("2026-11-10 04:00")
    city.sent("2026-11-10 09:00")
    city.sent("2026-11-10 12:00", cause=Cause.COVERED)
    city.sent("2026-11-10 13:00")
    city.sent("2026-11-10 15:00")
    city.archive.flush()
    late = next(each for each in city.reader.list((SITE, "cam1")) if each.taken_ms == at("2026-11-10 15:00"))
    city.archive.set_light([(late, 0.8)])
    tidy(city, "2026-11-20 01:00", of_project=True)
    assert city.kept() == ["10 15:00 hour ok"]


def test_a_picture_that_was_not_true_is_not_the_best_of_a_day_however_near_to_noon(city: Collector) -> None:
    city.sent("2026-11-10 12:00", cause=Cause.COVERED)
    city.sent("2026-11-10 16:00")
    tidy(city, "2026-11-20 01:00")
    assert city.kept() == ["10 16:00 hour ok"]


def test_nothing_is_removed_for_its_age_before_it_is_known_what_a_project_is(city: Collector) -> None:
    day_of(city, "2026-11-10")
    city.now_ms = at("2027-11-10 08:00")
    assert city.archive.remove_old(city.now_ms) == 0
    assert len(city.kept()) == 11


def test_where_room_is_short_hours_go_before_changes_and_days_last(tmp_path: Path) -> None:
    city = Collector(tmp_path, SnapshotRules(disk_share=0.5))
    city.became("2026-11-10 06:00")
    day_of(city, "2026-11-10")
    city.became("2026-11-10 17:30", Cause.COVERED)
    city.sent("2026-11-10 17:31", cause=Cause.COVERED)
    city.archive.flush()
    tidy(city, "2026-11-11 01:00")
    one = city.archive.total_bytes // len(city.kept())
    # (free + held) * 0.5 has room for three: the best of the day, and both of the change
    city.free = 3 * one * 2 - city.archive.total_bytes
    assert city.kept() == ["10 12:05 hour ok", "10 17:05 change ok", "10 17:31 change covered"]
    assert city.archive.given_up == 9
    city.free = one * 2 - city.archive.total_bytes
    assert city.kept() == ["10 12:05 hour ok"]


def test_the_site_that_has_most_gives_first(tmp_path: Path) -> None:
    city = Collector(tmp_path, SnapshotRules(disk_share=0.5))
    day_of(city, "2026-11-10", site="small")
    for camera in ("a", "b", "c", "d"):
        day_of(city, "2026-11-10", site="large", camera=camera)
    before = city.archive.total_bytes
    city.free = 0  # so half of it has room
    city.archive.flush()
    assert city.archive.total_bytes <= before / 2
    assert len(city.kept("cam1", "small")) == 11
    assert sum(path.startswith("large/") for path in city.on_disk()) < 22


def test_a_small_limit_in_bytes_holds_too(tmp_path: Path) -> None:
    city = Collector(tmp_path, SnapshotRules(max_gb=0.00005))
    day_of(city, "2026-11-10")
    assert 0 < city.archive.total_bytes <= 50_000
    assert sum(path.stat().st_size for path in (tmp_path / "snapshots").rglob("*.jpg")) <= 50_000


def test_pictures_go_with_their_camera(city: Collector) -> None:
    day_of(city, "2026-11-10")
    day_of(city, "2026-11-10", camera="cam2")
    city.archive.remove([(SITE, "cam1")])
    assert city.kept() == []
    assert len(city.kept("cam2")) == 11
    assert all(path.startswith(f"{SITE}/cam2/") for path in city.on_disk())


def test_cameras_that_the_city_lacks_at_two_checks_lose_their_pictures(city: Collector) -> None:
    day_of(city, "2026-11-10")
    day_of(city, "2026-11-10", camera="cam2")
    retention = PictureRetention(city.archive, city.archive.rules.longest_days, lambda: city.now_ms)
    retention.compare_with(lambda: cities.city([cities.site("Nagoya", [cities.camera("cam2")])]))
    retention.check()
    assert city.kept()
    retention.check()
    assert city.kept() == []
    assert city.kept("cam2")


def test_a_lost_index_is_made_again_from_the_files(city: Collector, tmp_path: Path) -> None:
    city.became("2026-11-10 08:00")
    day_of(city, "2026-11-10")
    city.became("2026-11-10 17:30", Cause.COVERED)
    city.sent("2026-11-10 17:31", cause=Cause.COVERED)
    before, size = city.kept(), city.archive.total_bytes
    city.archive.close()
    for path in (tmp_path / "snapshots").glob(f"{NAME}*"):
        path.unlink()
    again = Collector(tmp_path)
    assert again.kept() == []
    assert again.archive.reconcile() == len(before)
    assert again.kept() == before
    assert again.archive.total_bytes == size


def test_a_damaged_index_is_begun_anew(city: Collector, tmp_path: Path) -> None:
    day_of(city, "2026-11-10")
    before = city.kept()
    city.archive.close()
    (tmp_path / "snapshots" / NAME).write_bytes(b"no database" * 1000)
    again = Collector(tmp_path)
    again.archive.reconcile()
    assert again.kept() == before


def test_files_that_are_gone_and_files_that_are_none_of_ours_are_noticed(city: Collector, tmp_path: Path) -> None:
    day_of(city, "2026-11-10")
    folder = tmp_path / "snapshots" / SITE / "cam1"
    min(folder.glob("*.jpg")).unlink()
    (folder / "notes.txt").write_text("somebody's")
    (folder / "half").write_bytes(b"left by a kill")
    city.archive.reconcile()
    assert len(city.kept()) == 10
    assert (folder / "notes.txt").exists()
    assert not (folder / "half").exists()


def test_what_a_kill_leaves_out_of_the_index_is_found_at_the_next_start(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from tests.collector.web import cities
from tests.collector.snapshots.cameras import Collector
city = Collector(Path(sys.argv[1]))
city.sent("2026-11-10 09:00")
city.archive.flush()
city.sent("2026-11-10 10:00")  # kept, and the index does not know yet
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=120)
    assert done.returncode == -9
    again = Collector(tmp_path)
    assert again.kept() == ["10 09:00 hour ok"]
    assert again.archive.reconcile() == 1
    assert again.kept() == ["10 09:00 hour ok", "10 10:00 hour ok"]


def test_a_file_that_was_cut_off_or_shows_another_camera_is_never_shown(city: Collector, tmp_path: Path) -> None:
    city.sent("2026-11-10 09:00")
    city.sent("2026-11-10 09:00", camera="cam2")
    city.archive.flush()
    (one,) = city.reader.list((SITE, "cam1"))
    (other,) = city.reader.list((SITE, "cam2"))
    path = tmp_path / "snapshots" / SITE / "cam1" / one.name
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[: len(whole) // 2])
    assert city.reader.open(one.id) is None
    path.write_bytes((tmp_path / "snapshots" / SITE / "cam2" / other.name).read_bytes())
    assert city.reader.open(one.id) is None


@pytest.mark.parametrize(
    "name", ["../nagoya/1", "nagoya/cam1", "nagoya/cam1/x", "nagoya/cam1/-1", "", "a/b/9" + "9" * 20]
)
def test_an_id_that_is_none_finds_nothing(city: Collector, name: str) -> None:
    assert parse_id(name) is None
    assert city.reader.open(name) is None


def test_a_name_says_all_that_the_index_knows() -> None:
    found = parse_name(("s", "c"), "1790000000000.change.frozen.jpg", 4096)
    assert found is not None
    assert (found.why, found.state, found.cause) == (Why.CHANGE, State.IMPAIRED, Cause.FROZEN)
    assert found.name == "1790000000000.change.frozen.jpg"
    for wrong in ("1.2.jpg", "x.hour.ok.jpg", "1.week.ok.jpg", "1.hour.fine.jpg", "1.hour.ok.png", "latest.jpg"):
        assert parse_name(("s", "c"), wrong, 1) is None


@pytest.mark.skipif(shutil.which("mount") is None or os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk_costs_pictures_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=False).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        city = Collector(folder)
        for hour in range(24):
            try:
                city.sent(f"2026-11-10 {hour:02}:00", street(size=(640, 360), seed=hour))
                city.archive.flush()
            except OSError:  # the newest picture itself, or the index, had no room
                pass
        (folder / "pictures" / SITE / "cam1" / "latest.jpg").unlink(missing_ok=True)
        city.archive.reconcile()
        for each in city.reader.list((SITE, "cam1")):
            assert city.reader.open(each.id) is not None
        city.archive.remove([(SITE, "cam1")])
        city.sent("2026-11-11 09:00", street(seed=99))
        assert city.kept() == ["11 09:00 hour ok"]
        city.archive.close()
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def test_a_folder_that_cannot_be_made_costs_the_picture_which_is_counted(
    city: Collector, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "snapshots" / SITE).write_bytes(b"in the way")
    city.sent("2026-11-10 09:00")
    city.sent("2026-11-10 10:00")
    assert (city.archive.lost, city.kept()) == (2, [])
    assert caplog.text.count("is not kept") == 1
    (tmp_path / "snapshots" / SITE).unlink()
    city.sent("2026-11-10 11:00")
    assert city.kept() == ["10 11:00 hour ok"]


def test_an_archive_on_another_disk_holds_copies(tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm")  # a disk of its own on Linux
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has one disk")
    with TemporaryDirectory(dir=elsewhere) as folder:
        (tmp_path / "snapshots").symlink_to(folder)
        city = Collector(tmp_path)
        day_of(city, "2026-11-10")
        assert len(city.kept()) == 11
        assert all(city.reader.open(each.id) for each in city.reader.list((SITE, "cam1")))
        city.archive.close()


def test_an_index_that_cannot_be_written_is_written_later(city: Collector, tmp_path: Path) -> None:
    city.sent("2026-11-10 09:00")
    lock = sqlite3.connect(tmp_path / "snapshots" / NAME)
    city.archive._index._connection.execute("PRAGMA busy_timeout=1")
    lock.execute("BEGIN EXCLUSIVE")
    with pytest.raises(OSError, match="index of the snapshots"):
        city.archive.flush()
    lock.rollback()
    lock.close()
    assert city.kept() == ["10 09:00 hour ok"]


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"hourly_days": -1}, "hourly_days"),
        ({"daily_days": 10, "project_days": 9}, "project_days of at least daily_days"),
        ({"disk_share": 1.5}, "disk_share"),
        ({"max_gb": 0}, "max_gb"),
        ({"daylight_from": "18:00", "daylight_to": "06:00"}, "daylight_from before daylight_to"),
        ({"daylight_from": "06:00+07:00"}, "without zone"),
        ({"weekly_days": 3}, "weekly_days"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(values: dict[str, object], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        SnapshotRules.model_validate(values)
