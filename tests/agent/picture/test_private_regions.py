"""Private regions: nobody sees them, and the rest of the picture is judged as well as before."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pantau_agent.clock import SystemClock
from pantau_agent.picture.decoder import Decoder, JudgedPicture
from pantau_agent.picture.explanation import read
from pantau_agent.picture.judge import Judge
from pantau_agent.picture.private_regions import hidden_cells, hide
from pantau_agent.picture.settings import PictureSettings
from pantau_agent.picture.view_requests import ViewRequest, ViewRequests
from pantau_agent.streams.keyframe import Keyframe
from pantau_contract.states import Cause
from tests.agent.picture.kept_judges import saved
from tests.agent.picture.street import INTERVAL_S, Picture, Street
from tests.agent.picture.test_formats import keyframe
from tests.agent.picture.test_view import half_covered, shifted

WINDOW = (0.55, 0.1, 0.8, 0.4)
"""A bedroom window: left, top, right, bottom."""
PRIVATE = PictureSettings(learning_s=0, private=(WINDOW,))
STILL = Street().picture(20)
BLACK = 12
"""Grey level up to which JPEG leaves black."""


def window_of(picture: NDArray[Any]) -> NDArray[Any]:
    height, width = picture.shape[:2]
    left, top, right, bottom = WINDOW
    return picture[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]


def decoded(jpeg: bytes | None) -> Picture:
    assert jpeg is not None
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def camera_jpeg() -> tuple[bytes, bytes]:
    """Return a camera's JPEG of a bright scene with a thumbnail in its EXIF and a script behind it; and that."""
    bright = np.full((360, 640, 3), 200, np.uint8)
    bright[::16] = 90
    thumbnail = cv2.imencode(".jpg", cv2.resize(bright, (160, 90)))[1].tobytes()
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00" + thumbnail
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    jpeg = cv2.imencode(".jpg", bright)[1].tobytes()
    script = b"<script>alert(1)</script>"
    return jpeg[:2] + segment + jpeg[2:] + script, script


async def test_nothing_that_leaves_the_worker_shows_a_private_region(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    sent, script = camera_jpeg()
    async with Decoder(SystemClock(), memories=folder, settings={"gate": PRIVATE}) as decoder:
        ViewRequests(folder).submit("gate", ViewRequest.EXPLAIN)
        for shown in (
            Keyframe("mjpeg", sent),
            keyframe("libx264", 640, 360, "yuv420p"),
            keyframe("libx265", 1920, 1080, "yuv420p"),
        ):
            judged: JudgedPicture = await decoder.judge("gate", shown)
            picture = decoded(judged.jpeg)
            assert window_of(picture).max() <= BLACK, shown.codec
            assert picture.mean() > 50
            assert judged.jpeg is not None
            assert (judged.jpeg.count(b"\xff\xd8\xff"), b"Exif" in judged.jpeg, script in judged.jpeg) == (
                1,
                False,
                False,
            )
            assert judged.jpeg.endswith(b"\xff\xd9")
    explained = decoded(read(ViewRequests(folder).explanation_path("gate")).jpeg)
    for half in (explained[:, :640], explained[:, 640:]):
        assert float(np.mean(window_of(half) <= BLACK)) > 0.6  # the rest are frames of cells
        assert int(window_of(half).max()) < 190
    for reference in saved(folder).references.values():
        assert window_of(reference.thumbnail)[1:-1, 1:-1].max() == 0


async def test_without_private_regions_a_cameras_jpeg_still_ends_at_its_end() -> None:
    sent, script = camera_jpeg()
    async with Decoder(SystemClock()) as decoder:
        jpeg = (await decoder.judge("gate", Keyframe("mjpeg", sent))).jpeg
    assert jpeg is not None
    assert (b"Exif" in jpeg, script in jpeg, jpeg[-2:]) == (False, False, b"\xff\xd9")


def learned(settings: PictureSettings) -> tuple[Judge, Street]:
    judge, street = Judge(INTERVAL_S, settings), Street()
    for k in range(20):
        assert seen(judge, street.picture(k), k, settings) is None
    return judge, street


def seen(judge: Judge, picture: Picture, k: int, settings: PictureSettings) -> Cause | None:
    return judge.update(hide(picture, settings.private), k * INTERVAL_S * 1000).cause


@pytest.mark.parametrize(
    ("shown", "cause"),
    [
        (lambda street, k: street.picture(k), None),
        (shifted, Cause.MOVED),
        (half_covered, Cause.COVERED),
        (lambda street, k: np.zeros_like(street.picture(k)), Cause.BLACK),
        (lambda street, k: np.full_like(street.picture(k), 255), Cause.OVEREXPOSED),
        (lambda _street, _k: STILL, Cause.FROZEN),
    ],
    ids=["healthy", "moved", "covered", "black", "overexposed", "frozen"],
)
def test_the_rest_of_the_picture_is_judged_as_well(shown: object, cause: Cause | None) -> None:
    assert callable(shown)
    judge, street = learned(PRIVATE)
    found = [seen(judge, shown(street, k), k, PRIVATE) for k in range(20, 32)]
    assert found[-1] is cause
    assert set(found) <= {None, cause}


def test_a_region_that_becomes_private_is_forgotten_and_raises_no_alarm() -> None:
    judge, street = learned(PictureSettings(learning_s=0))
    judge.memory.hide(PRIVATE.private)
    later = Judge(INTERVAL_S, PRIVATE, judge.memory)
    assert [seen(later, street.picture(k), k, PRIVATE) for k in range(20, 40)] == [None] * 20
    assert {float(window_of(one.thumbnail)[1:-1, 1:-1].max()) for one in later.memory.references.values()} == {0.0}


def test_a_pixel_that_is_hidden_in_part_is_hidden() -> None:
    picture: NDArray[np.uint8] = np.full((10, 10, 3), 9, np.uint8)
    hidden = hide(picture, [(0.11, 0.11, 0.19, 0.19), (0.95, 0.0, 1.0, 1.0)])
    assert np.argwhere(hidden[..., 0] == 0).tolist() == [[0, 9], [1, 1], *([row, 9] for row in range(1, 10))]
    assert picture.min() == 9, "the picture itself is unchanged"
    assert hidden_cells([(0.0, 0.0, 0.01, 0.01)]).sum() == 1
