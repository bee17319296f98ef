"""Time-lapses: which pictures are in them, and what a player sees of the file."""

from pathlib import Path

import av
import pytest
from PIL import Image

from pantau_collector.timelapse import CannotMakeError, Job, Made, Moment, Part, Progress, choose, run
from pantau_collector.timelapse.frame import FrameMaker
from pantau_collector.timelapse.job import MAX_FRAMES
from pantau_collector.timelapse.video import encoder
from pantau_contract.states import Cause
from tests.collector.snapshots.cameras import SITE, ZONE, Collector, street

DAYS = ("2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05")


@pytest.fixture
def city(tmp_path: Path) -> Collector:
    return Collector(tmp_path)


def job(city: Collector, out: Path, *, every: str = "day", parts: int = 1) -> Job:
    moments = choose(
        city.reader.list((SITE, "cam1")), city.archive.rules, ZONE, every="hour" if every == "hour" else "day"
    )
    return Job(
        str(city.archive.directory), str(out), "Jalan Layang", "Asia/Jakarta", [Part("Utara", moments)] * parts
    )


def made(job: Job) -> tuple[Made, list[Progress]]:
    told: list[Progress] = []
    return run(job, told.append, within_s=300), told


def frames(path: Path) -> list[Image.Image]:
    """Return what a player shows."""
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]  # type: ignore[no-untyped-call]


def brightness(picture: Image.Image) -> float:
    grey = picture.convert("L").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(grey, int)
    return grey


def test_a_film_has_one_true_picture_of_each_day_by_day_with_its_date(city: Collector, tmp_path: Path) -> None:
    for i, day in enumerate(DAYS):
        city.sent(f"{day} 03:00", street(14, seed=i))  # the night
        city.sent(f"{day} 10:00", cause=Cause.COVERED)  # not true
        city.sent(f"{day} 11:00", street(120 + 10 * i, seed=i))
    city.archive.flush()
    out = tmp_path / "film.mp4"
    film, told = made(job(city, out))
    shown = frames(out)
    assert len(shown) == film.frames == len(DAYS)
    assert film.skipped == 0
    assert film.codec == encoder()
    assert (film.width, film.height) == shown[0].size
    assert film.width == 320
    assert film.height == 180 + 24
    assert film.bytes == out.stat().st_size
    assert [each.done for each in told] == [1, 2, 3, 4]
    bands = [each.crop((0, 180, *each.size)).convert("L") for each in shown]
    for band in bands:
        dark, light = band.getextrema()
        assert isinstance(dark, int)
        assert isinstance(light, int)
        assert dark < 60
        assert light > 180  # something is written
    dates = {band.crop((200, 0, *band.size)).tobytes() for band in bands}
    assert len(dates) == len(DAYS)
    assert all(brightness(each.crop((0, 0, 320, 180))) > 70 for each in shown)


def test_without_h264_another_codec_is_used() -> None:
    assert encoder() in ("libx264", "libopenh264", "mpeg4")
    if "libx264" in av.codecs_available:
        assert encoder() == "libx264"


def test_a_day_of_darkness_and_a_damaged_picture_are_left_out(city: Collector, tmp_path: Path) -> None:
    city.sent("2026-11-02 11:00", street(130))
    city.sent("2026-11-03 11:00", street(10))  # by the clock it is day
    city.sent("2026-11-04 11:00", street(130))
    city.sent("2026-11-05 10:00", street(130, seed=3))
    city.sent("2026-11-05 12:00", street(130, seed=4))
    city.archive.flush()
    damaged = [
        each for each in city.reader.list((SITE, "cam1")) if each.taken_ms in (_noon(city, 2), _noon(city, 4))
    ]
    for each in damaged:
        path = city.archive.directory / SITE / "cam1" / each.name
        path.unlink()
        path.write_bytes(b"\xff\xd8 no picture \xff\xd9")
    film, _ = made(job(city, tmp_path / "film.mp4"))
    assert (film.frames, film.skipped) == (2, 2)  # the fifth day has another picture
    assert len(frames(tmp_path / "film.mp4")) == 2


def _noon(city: Collector, which: int) -> int:
    return [each.taken_ms for each in city.reader.list((SITE, "cam1"))][which]


def test_a_film_of_hours_has_each_hour_by_day(city: Collector, tmp_path: Path) -> None:
    for hour in range(24):
        city.sent(f"2026-11-02 {hour:02}:10", street(130, seed=hour))
    city.archive.flush()
    film, _ = made(job(city, tmp_path / "film.mp4", every="hour"))
    assert film.frames == 12


def test_pictures_of_other_sizes_fit_into_the_first_ones(city: Collector, tmp_path: Path) -> None:
    city.sent("2026-11-02 11:00", street(130, size=(321, 181)))
    city.sent("2026-11-03 11:00", street(130, size=(180, 320)))
    city.archive.flush()
    film, _ = made(job(city, tmp_path / "film.mp4"))
    assert film.frames == 2
    assert (film.width % 2, film.height % 2) == (0, 0)


def test_several_cameras_follow_one_another(city: Collector, tmp_path: Path) -> None:
    city.sent("2026-11-02 11:00")
    city.archive.flush()
    film, _ = made(job(city, tmp_path / "film.mp4", parts=3))
    assert film.frames == 3


def test_a_long_title_is_cut_and_never_runs_into_the_date() -> None:
    maker = FrameMaker((320, 180))
    picture = Image.new("RGB", (320, 180), (90, 90, 90))
    short = maker.make(picture, "Utara", "01/11/2026 11:00")
    long = maker.make(picture, "Jalan Layang Simpang Kabil tahap dua " * 5, "01/11/2026 11:00")
    right = (210, 180, 320, 204)
    assert short.crop(right).tobytes() == long.crop(right).tobytes()
    assert maker.make(picture, "\x1b[31m <script>", "x").size == maker.size


def test_a_camera_of_four_thousand_columns_becomes_a_film_that_players_take() -> None:
    width, height = FrameMaker((3840, 2160)).size
    assert width <= 1920
    assert height <= 1080
    assert (width % 2, height % 2) == (0, 0)
    assert FrameMaker((1, 1)).size[0] >= 16


def test_where_nothing_can_be_shown_nothing_is_made(city: Collector, tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    with pytest.raises(CannotMakeError, match="no picture of that time"):
        made(job(city, out))
    city.sent("2026-11-02 11:00", street(8))
    city.archive.flush()
    with pytest.raises(CannotMakeError, match="none of the pictures of 1 moments"):
        made(job(city, out))
    assert list(tmp_path.glob("*.mp4")) == []
    assert list(tmp_path.glob(".*.half")) == []


def test_a_file_that_cannot_be_written_says_so_and_an_older_film_stays(city: Collector, tmp_path: Path) -> None:
    city.sent("2026-11-02 11:00")
    city.archive.flush()
    with pytest.raises(CannotMakeError, match="cannot be written"):
        made(job(city, tmp_path / "nowhere" / "film.mp4"))
    (tmp_path / "film.mp4").write_bytes(b"older")
    (tmp_path / ".film.mp4.half").mkdir()
    with pytest.raises(CannotMakeError):
        made(job(city, tmp_path / "film.mp4"))
    assert (tmp_path / "film.mp4").read_bytes() == b"older"


def test_too_many_frames_and_too_long_a_time_are_refused(city: Collector, tmp_path: Path) -> None:
    city.sent("2026-11-02 11:00")
    city.archive.flush()
    moment = Moment(city.reader.list((SITE, "cam1")))
    many = Job(
        str(city.archive.directory), str(tmp_path / "x.mp4"), "", "UTC", [Part("", [moment] * (MAX_FRAMES + 1))]
    )
    with pytest.raises(CannotMakeError, match="5,001 frames"):
        made(many)
    long = Job(str(city.archive.directory), str(tmp_path / "x.mp4"), "", "UTC", [Part("", [moment] * MAX_FRAMES)])
    with pytest.raises(CannotMakeError, match="not ready within"):
        run(long, lambda _: None, within_s=0.2)
    assert not (tmp_path / "x.mp4").exists()
