from pathlib import Path

import pytest

from pantau_collector.pictures import PictureFiles
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
    pictures.put(about(NOW + 300_001, camera="cam2"), b"")
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


def test_a_site_cannot_fill_the_disk_with_cameras(pictures: PictureFiles, tmp_path: Path) -> None:
    for i in range(1023):
        (tmp_path / "nagoya" / f"cam{i}").mkdir(parents=True)
    assert put(pictures, NOW)
    assert pictures.put(about(camera="the-last"), jpeg(about(camera="the-last")))
    with pytest.raises(ContractError, match="nagoya already has pictures of"):
        pictures.put(about(camera="one-more"), b"")
    assert pictures.put(about(site="harbour"), jpeg(about(site="harbour")))
