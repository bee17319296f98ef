import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pantau_collector.jpeg import only_picture
from pantau_contract.errors import ContractError

SCRIPT = b"<script>alert(1)</script>"


def encoded(mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    noise = random.Random(1).randbytes(64 * 48)
    Image.frombytes("L", (64, 48), noise).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


def pixels(jpeg: bytes) -> bytes:
    with Image.open(io.BytesIO(jpeg)) as image:
        image.load()
        return image.tobytes()


PLAIN = encoded()


@pytest.mark.parametrize(
    "jpeg",
    [
        PLAIN,
        encoded(progressive=True),
        encoded(restart_marker_blocks=3),
        encoded(quality=100, subsampling=0),
        encoded("L"),
        encoded("CMYK"),
        encoded(comment=SCRIPT),
        encoded(exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + SCRIPT),
        PLAIN[:2] + b"\xff\xef\x00\x1b" + SCRIPT + PLAIN[2:],
    ],
)
def test_the_same_picture_is_left_without_what_does_not_show_it(jpeg: bytes) -> None:
    found = only_picture(jpeg + SCRIPT + jpeg)
    assert pixels(found) == pixels(jpeg)
    assert SCRIPT not in found
    assert found.endswith(b"\xff\xd9")
    assert only_picture(found) == found


def test_a_picture_that_is_not_whole_is_refused() -> None:
    for end in range(len(PLAIN) - 1):
        with pytest.raises(ContractError):
            only_picture(PLAIN[:end])


def test_a_picture_for_which_a_viewer_needs_gigabytes_is_refused() -> None:
    at = PLAIN.index(b"\xff\xc0") + 5
    with pytest.raises(ContractError, match="65535 x 65535 pixels"):
        only_picture(PLAIN[:at] + b"\xff\xff\xff\xff" + PLAIN[at + 4 :])


def test_a_million_segments_are_refused_at_once() -> None:
    with pytest.raises(ContractError, match="500 segments"):
        only_picture(b"\xff\xd8" + b"\xff\xfe\x00\x02" * 500_000)


@given(
    st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.integers(0, 255)), max_size=8), st.binary(max_size=40)
)
def test_damage_is_refused_or_leaves_a_picture_with_one_end(damage: list[tuple[int, int]], more: bytes) -> None:
    jpeg = bytearray(PLAIN)
    for at, value in damage:
        jpeg[at] = value
    try:
        found = only_picture(bytes(jpeg) + more)
    except ContractError:
        return
    assert found.startswith(b"\xff\xd8")
    assert found.endswith(b"\xff\xd9")
    assert only_picture(found) == found
