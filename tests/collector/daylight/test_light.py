"""Which of a day's pictures shows most: the score, and the process that measures."""

from io import BytesIO
from pathlib import Path

from PIL import Image

from pantau_collector.daylight.best_light import BestLight
from pantau_collector.daylight.measuring import measure_all
from pantau_collector.daylight.picture import measure_jpeg
from pantau_collector.snapshots.light import Light, score
from pantau_contract.states import Cause
from tests.collector.snapshots.cameras import SITE, ZONE, Collector, at, street

GOOD = Light(brightness=120, contrast=55, sharpness=10, colour=25)


def jpeg_of(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


def test_a_night_a_white_wall_and_a_dark_lens_have_no_light() -> None:
    assert score(Light(20, 50, 10, 25), 0) == 0
    assert score(Light(250, 2, 0.1, 0), 0) == 0
    assert 0 < score(GOOD, 0) <= 1


def test_each_of_what_makes_good_light_counts() -> None:
    best = score(GOOD, 0)
    for worse in (
        Light(230, 55, 10, 25),
        Light(60, 55, 10, 25),
        Light(120, 20, 10, 25),
        Light(120, 55, 3, 25),
        Light(120, 55, 10, 0),
    ):
        assert 0 < score(worse, 0) < best
    assert score(GOOD, 300) < score(GOOD, 60) < best
    assert score(GOOD, 719) > 0


def test_what_is_measured_is_what_the_picture_shows() -> None:
    by_day, at_night = measure_jpeg(street(130)), measure_jpeg(street(12))
    assert by_day.brightness > 90
    assert at_night.brightness < 40
    flat = measure_jpeg(jpeg_of(Image.new("RGB", (640, 360), (90, 90, 90))))
    assert (round(flat.brightness), round(flat.contrast), round(flat.sharpness)) == (90, 0, 0)
    blurred = Image.open(BytesIO(street(130))).resize((20, 12)).resize((320, 180))
    assert measure_jpeg(jpeg_of(blurred)).sharpness < by_day.sharpness / 1.5
    grey = Image.open(BytesIO(street(130))).convert("L").convert("RGB")
    assert measure_jpeg(jpeg_of(grey)).colour < 3 < by_day.colour


def test_the_process_answers_for_each_picture_and_for_what_is_none() -> None:
    bomb = jpeg_of(Image.new("L", (8000, 4000)))
    found = measure_all([street(130), b"no picture", street(130)[:400], bomb, b"", street(12)])
    assert found[0] is not None
    assert found[5] is not None
    assert found[0].brightness > found[5].brightness
    assert found[1] is None
    assert found[3] is None
    assert found[4] is None
    assert measure_all([]) == []


def test_only_true_pictures_by_day_of_projects_are_measured_and_once(tmp_path: Path) -> None:
    city = Collector(tmp_path)
    city.sent("2026-11-10 05:00", street(60))
    city.sent("2026-11-10 10:00", street(60))
    city.sent("2026-11-10 11:00", cause=Cause.COVERED)
    city.sent("2026-11-10 13:00", street(130))
    city.sent("2026-11-10 14:00", street(10))
    city.sent("2026-11-10 13:00", camera="other")
    city.archive.flush()
    light = BestLight(city.archive, lambda: [(SITE, "cam1")], zone=ZONE, time_ms=lambda: city.now_ms)
    assert light.measure() == 3
    assert light.measure() == 0
    found = {each.taken_ms: each.light for each in city.reader.list((SITE, "cam1"))}
    assert found[at("2026-11-10 05:00")] is None
    assert found[at("2026-11-10 11:00")] is None
    assert found[at("2026-11-10 14:00")] == 0
    dim, bright = found[at("2026-11-10 10:00")], found[at("2026-11-10 13:00")]
    assert dim is not None
    assert bright is not None
    assert 0 < dim < bright
    assert [each.light for each in city.reader.list((SITE, "other"))] == [None]
    city.now_ms = at("2026-11-20 01:00")
    city.archive.follow(lambda _: True)
    city.archive.remove_old(0)
    assert city.kept() == ["10 13:00 hour ok"]


def test_a_camera_that_only_ever_shows_night_keeps_the_picture_nearest_to_noon(tmp_path: Path) -> None:
    city = Collector(tmp_path)
    for hour in (9, 12, 16):
        city.sent(f"2026-11-10 {hour:02}:00", street(10))
    city.archive.flush()
    BestLight(city.archive, lambda: [(SITE, "cam1")], zone=ZONE, time_ms=lambda: city.now_ms).measure()
    city.now_ms = at("2026-11-20 01:00")
    city.archive.follow(lambda _: True)
    city.archive.remove_old(0)
    assert city.kept() == ["10 12:00 hour ok"]
