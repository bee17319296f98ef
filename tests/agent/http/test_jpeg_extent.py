import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pantau_agent.http.jpeg_extent import MAX_MARKERS, JpegExtent
from pantau_agent.http.receive_buffer import ReceiveBuffer
from tests.agent.http.camera import pictures

NOISE = np.random.default_rng(7).integers(0, 255, (120, 160, 3), np.uint8)


def encoded(*options: int) -> bytes:
    return cv2.imencode(".jpg", NOISE, options)[1].tobytes()


def extent_of(data: bytes, size: int) -> tuple[int | None, bool]:
    """Return the length that was found, and whether the data kept to the format's rules."""
    buffer, extent = ReceiveBuffer(), JpegExtent()
    for at in range(0, len(data), size):
        buffer.feed(data[at : at + size])
        if (end := extent.end(buffer)) is not None:
            return end, True
    return None, extent.structured


@pytest.mark.parametrize("size", [1, 5, 4096, 10_000_000])
@pytest.mark.parametrize(
    "jpeg",
    [
        encoded(),
        encoded(cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        encoded(cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
        encoded()[:-2] + b"\xff\xff\xff\xd9",
        encoded()[:2] + b"\xff\xfe\x00\x08 \xff\xd9\xff\xd8 "[:10] + encoded()[2:],
    ],
    ids=["baseline", "progressive", "restart markers", "fill bytes", "markers in a comment"],
)
def test_the_end_is_found_however_the_bytes_come(jpeg: bytes, size: int) -> None:
    assert extent_of(jpeg + b"\r\n--frame\r\n" + jpeg, size) == (len(jpeg), True)
    assert extent_of(jpeg[:-1], size) == (None, True)


def test_a_picture_that_is_cut_off_ends_where_the_next_begins() -> None:
    cut = pictures()[0][:-200]
    assert extent_of(cut + pictures()[1], 1000) == (len(cut), True)


def test_a_hostile_number_of_markers_is_given_up() -> None:
    assert MAX_MARKERS == 1000
    assert extent_of(b"\xff\xd8" + b"\xff\xe0\x00\x02" * 1001, 4096) == (None, False)


@example(b"\xd8")  # a second picture begins at once
@given(st.binary(max_size=300))
def test_any_bytes_are_measured_or_given_up(data: bytes) -> None:
    end, _ = extent_of(b"\xff\xd8\xff" + data, 7)
    assert end is None or 2 <= end <= len(data) + 3
