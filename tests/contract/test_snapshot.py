import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pantau_contract.errors import ContractError
from pantau_contract.snapshot import MAX_SNAPSHOT, SnapshotMetadata, read_stamp, stamp
from pantau_contract.states import Cause, State

ABOUT = SnapshotMetadata("kabil", "gate", 1_790_000_000_000, State.IMPAIRED, Cause.FROZEN)


def jpeg(width: int = 64, height: int = 48) -> bytes:
    picture = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    done, encoded = cv2.imencode(".jpg", picture)
    assert done
    return encoded.tobytes()


def test_a_snapshot_tells_what_it_shows() -> None:
    assert read_stamp(stamp(jpeg(), ABOUT)) == ABOUT


def test_a_renamed_cause_is_stamped_under_the_name_that_older_collectors_know() -> None:
    about = SnapshotMetadata("kabil", "gate", 1_790_000_000_000, State.DOWN, Cause.WRONG_PROTOCOL)
    stamped = stamp(jpeg(), about)
    assert b'"not_rtsp"' in stamped
    assert read_stamp(stamped) == about


def test_another_program_reads_the_stamp_and_the_picture() -> None:
    with Image.open(io.BytesIO(stamp(jpeg(), ABOUT))) as picture:
        exif = picture.getexif()
        assert picture.size == (64, 48)
        picture.load()
    assert '"camera":"gate"' in exif[0x010E]
    assert exif[0x0132] == "2026:09:21 14:13:20"


def test_a_second_stamp_replaces_the_first() -> None:
    again = SnapshotMetadata("kabil", "road", 1_790_000_060_000, State.OK)
    stamped = stamp(stamp(jpeg(), ABOUT), again)
    assert read_stamp(stamped) == again
    assert stamped.count(b"Exif\x00\x00") == 1


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (b"GIF89a", "not a JPEG"),
        (jpeg(), "no EXIF"),
        (stamp(jpeg(), ABOUT)[:40], "no EXIF"),
        (b"\xff\xd8" + b"x" * MAX_SNAPSHOT, "over the limit"),
    ],
)
def test_what_is_not_our_snapshot_is_told(picture: bytes, said: str) -> None:
    with pytest.raises(ContractError, match=said):
        read_stamp(picture)


@given(st.integers(2, 400), st.integers(0, 255))
def test_a_damaged_stamp_is_read_or_told(at: int, value: int) -> None:
    damaged = bytearray(stamp(jpeg(), ABOUT))
    damaged[at] = value
    try:
        read_stamp(bytes(damaged))
    except ContractError as error:
        assert str(error)
