from pathlib import Path

import pytest

from pantau_collector.pictures import DISK_SHARE, MAX_OF_SITE, SITE_SHARE, PictureFiles
from pantau_contract.errors import ContractError
from pantau_contract.states import State
from tests.collector.intake.messages import NOW, about, jpeg


@pytest.fixture
def pictures(tmp_path: Path) -> PictureFiles:
    return PictureFiles(tmp_path, time_ms=lambda: NOW)


def put(pictures: PictureFiles, time: int, state: State = State.OK) -> bool:
    return pictures.put(about(time, state=state), jpeg(about(time, state=state)))


def latest(pictures: PictureFiles) -> bytes | None:
    path = pictures.latest("nagoya", "cam1")
    return path.read_bytes() if path else None


def latest_good(pictures: PictureFiles) -> bytes | None:
    path = pictures.latest_good("nagoya", "cam1")
    return path.read_bytes() if path else None


def test_before_the_first_picture_there_is_none(pictures: PictureFiles) -> None:
    assert latest(pictures) is None
    assert latest_good(pictures) is None
    assert pictures.taken_ms("nagoya", "cam1") == 0


def test_the_newest_and_the_newest_good_are_kept(pictures: PictureFiles) -> None:
    assert put(pictures, NOW - 3000)
    assert put(pictures, NOW - 2000, State.IMPAIRED)
    assert latest(pictures) == jpeg(about(NOW - 2000, state=State.IMPAIRED))
    assert latest_good(pictures) == jpeg(about(NOW - 3000))
    assert pictures.taken_ms("nagoya", "cam1") == NOW - 2000


def test_a_late_one_does_not_replace_a_newer_one(pictures: PictureFiles) -> None:
    put(pictures, NOW, State.DOWN)
    assert not put(pictures, NOW - 5000, State.DOWN)
    assert pictures.taken_ms("nagoya", "cam1") == NOW
    assert pictures.late == 1


def test_a_late_good_one_is_the_newest_good_one_all_the_same(pictures: PictureFiles) -> None:
    put(pictures, NOW - 9000)
    put(pictures, NOW, State.DOWN)
    assert put(pictures, NOW - 5000)
    assert latest(pictures) == jpeg(about(NOW, state=State.DOWN))
    assert latest_good(pictures) == jpeg(about(NOW - 5000))


def test_one_from_the_future_does_not_stay_for_ever(tmp_path: Path) -> None:
    now = [NOW]
    pictures = PictureFiles(tmp_path, time_ms=lambda: now[0])
    put(pictures, 4_100_000_000_000)
    assert pictures.taken_ms("nagoya", "cam1") == NOW
    now[0] += 60_000
    assert put(pictures, NOW + 60_000)
    assert latest(pictures) == jpeg(about(NOW + 60_000))


def test_a_clock_that_is_up_to_five_minutes_ahead_is_believed(pictures: PictureFiles) -> None:
    put(pictures, NOW + 300_000)
    assert pictures.taken_ms("nagoya", "cam1") == NOW + 300_000
    pictures.put(about(NOW + 300_001, camera="cam2"), jpeg(about()))
    assert pictures.taken_ms("nagoya", "cam2") == NOW


def test_someone_who_reads_a_picture_reads_it_whole_while_it_is_replaced(pictures: PictureFiles) -> None:
    put(pictures, NOW - 1)
    path = pictures.latest("nagoya", "cam1")
    assert path is not None
    with path.open("rb") as file:
        put(pictures, NOW)
        assert file.read() == jpeg(about(NOW - 1))
    assert latest(pictures) == jpeg(about(NOW))


def test_what_a_kill_left_half_written_is_in_nobodys_way(pictures: PictureFiles, tmp_path: Path) -> None:
    put(pictures, NOW - 1)
    (tmp_path / "nagoya" / "cam1" / "new").write_bytes(b"half")
    (tmp_path / "nagoya" / "cam1" / "link").write_bytes(b"half")
    put(pictures, NOW)
    assert latest(pictures) == jpeg(about(NOW))


def test_a_site_has_pictures_of_1024_cameras_at_most(tmp_path: Path) -> None:
    for i in range(1023):
        folder = tmp_path / "nagoya" / f"other{i}"
        folder.mkdir(parents=True)
        (folder / "latest.jpg").write_bytes(b"")
    pictures = PictureFiles(tmp_path, time_ms=lambda: NOW)
    assert put(pictures, NOW)
    with pytest.raises(ContractError, match="nagoya already has pictures of 1024 cameras"):
        pictures.put(about(camera="one-more"), jpeg(about(camera="one-more")))
    assert pictures.put(about(site="harbour"), jpeg(about(site="harbour")))


KIB = 1024


def large(size: int) -> bytes:
    """Return a JPEG of about this size; its file takes whole blocks of 4 KiB."""
    small = jpeg(about())
    return small[:-2] + b"0" * (size - len(small)) + small[-2:]


def limited(folder: Path, free: int) -> PictureFiles:
    return PictureFiles(folder, time_ms=lambda: NOW, free_bytes=lambda: free)


def on_disk(folder: Path) -> dict[str, int]:
    """Return the size of each site's files, those of two names once."""
    sizes: dict[str, dict[int, int]] = {}
    for path in folder.glob("*/*/*.jpg"):
        sizes.setdefault(path.parts[-3], {})[path.stat().st_ino] = path.stat().st_size
    return {site: sum(files.values()) for site, files in sizes.items()}


def test_all_pictures_have_a_tenth_of_the_free_disk_and_a_site_a_twentieth_of_that() -> None:
    assert (DISK_SHARE, SITE_SHARE, MAX_OF_SITE) == (0.1, 0.05, 256_000_000)


def test_the_oldest_pictures_of_a_site_give_way_to_its_newest(tmp_path: Path) -> None:
    pictures = limited(tmp_path, 200 * 100 * KIB)  # so 100 KiB a site
    for n in range(50):
        assert pictures.put(about(NOW + n, camera=f"cam{n}"), large(20 * KIB - 100))
    assert on_disk(tmp_path)["nagoya"] <= 100 * KIB
    assert sorted(path.parent.name for path in tmp_path.glob("*/*/latest.jpg")) == [
        "cam45",
        "cam46",
        "cam47",
        "cam48",
        "cam49",
    ]
    assert pictures.removed == 45
    assert not (tmp_path / "nagoya" / "cam0").exists()


def test_an_old_good_picture_gives_way_before_the_newest_of_the_same_camera(tmp_path: Path) -> None:
    pictures = limited(tmp_path, 200 * 60 * KIB)
    pictures.put(about(NOW - 9000), large(20 * KIB - 100))
    pictures.put(about(NOW - 1000, state=State.DOWN), large(20 * KIB - 100))
    pictures.put(about(NOW, camera="cam2"), large(20 * KIB - 100))
    assert pictures.latest_good("nagoya", "cam1") is not None
    pictures.put(about(NOW, camera="cam3"), large(20 * KIB - 100))
    assert pictures.latest_good("nagoya", "cam1") is None
    assert pictures.latest("nagoya", "cam1") is not None


def test_when_the_disk_fills_the_site_that_has_most_gives_way(tmp_path: Path) -> None:
    free = [10_000 * 100 * KIB]
    pictures = PictureFiles(tmp_path, time_ms=lambda: NOW, free_bytes=lambda: free[0])
    for n in range(40):
        assert pictures.put(about(NOW, camera=f"cam{n}"), large(20 * KIB - 100))
    assert pictures.put(about(NOW - 999_999, site="harbour"), large(20 * KIB - 100))
    free[0] = 4200 * KIB  # so 500 KiB of pictures at most, and 840 KiB are there
    pictures.remove_old(0)
    assert sum(on_disk(tmp_path).values()) <= 520 * KIB
    assert pictures.latest("harbour", "cam1") is not None
    assert 20 <= len(list(tmp_path.glob("nagoya/*/latest.jpg"))) <= 25


def test_a_picture_that_is_larger_than_a_sites_share_is_not_kept(tmp_path: Path) -> None:
    pictures = limited(tmp_path, 200 * 10 * KIB)
    assert not pictures.put(about(), large(20 * KIB))
    assert list(tmp_path.glob("*/*/*")) == []
    assert pictures.removed == 1


def test_what_was_there_at_the_start_counts(tmp_path: Path) -> None:
    first = limited(tmp_path, 10_000_000)
    first.put(about(NOW - 9000), jpeg(about()))
    first.put(about(NOW, state=State.DOWN), jpeg(about()))
    first.put(about(NOW, camera="cam2"), jpeg(about()))
    again = limited(tmp_path, 10_000_000)
    assert again.total_bytes == first.total_bytes == 3 * 4096
    assert again.taken_ms("nagoya", "cam1") == NOW
    assert again.cameras() == {("nagoya", "cam1"), ("nagoya", "cam2")}


def test_what_is_removed_leaves_no_file_and_no_folder(tmp_path: Path) -> None:
    pictures = limited(tmp_path, 10_000_000)
    put(pictures, NOW)
    pictures.remove([("nagoya", "cam1"), ("nagoya", "never-there"), ("nowhere", "cam1")])
    assert list(tmp_path.iterdir()) == []
    assert pictures.taken_ms("nagoya", "cam1") == pictures.total_bytes == 0
    assert put(pictures, NOW)


def test_what_was_taken_before_a_time_is_removed(tmp_path: Path) -> None:
    pictures = limited(tmp_path, 10_000_000)
    put(pictures, NOW - 9000)
    put(pictures, NOW, State.DOWN)
    assert pictures.remove_old(NOW - 9000) == 0
    assert pictures.remove_old(NOW - 8999) == 1
    assert pictures.latest("nagoya", "cam1") is not None
    assert pictures.latest_good("nagoya", "cam1") is None


def test_only_what_shows_the_picture_is_kept(tmp_path: Path) -> None:
    pictures = limited(tmp_path, 10_000_000)
    pictures.put(about(), jpeg(about()) + b"<script>alert(1)</script>")
    assert latest(pictures) == jpeg(about())


@pytest.mark.parametrize("wrong", [b"", b"GIF89a", b"<html>", b"\xff\xd8", b"\xff\xd8\xff\xd9"])
def test_what_is_no_jpeg_is_refused(pictures: PictureFiles, wrong: bytes) -> None:
    with pytest.raises(ContractError, match="picture is not"):
        pictures.put(about(), wrong)
    assert latest(pictures) is None
