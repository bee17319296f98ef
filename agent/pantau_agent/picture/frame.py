"""One picture, prepared once for all fault modules."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.cells import Mask, Plane, plane
from pantau_agent.picture.private_regions import Region, hidden_pixels
from pantau_agent.streams.failure import EvidenceError
from pantau_contract.words.evidence import detail

WORKING_WIDTH = 320
"""Width in pixels at which wider pictures are judged."""
THUMBNAIL_PIXELS = 9216
"""Most pixels of a thumbnail, in which a picture is remembered: 128x72 at 16:9."""
MIN_SIDE = 32
"""Pixels: a picture with a shorter side shows too little to judge."""


class UnusablePictureError(EvidenceError):
    """The picture cannot be judged; the text says why."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture at the scales in which it is judged.

    `size` is the picture's own (width, height) in pixels, and `original` the picture itself in 8-bit BGR. `bgr`
    and `grey` are at most WORKING_WIDTH wide. `thumbnail` is grey (levels 0 to 255) with at most THUMBNAIL_PIXELS.
    `hidden` are the pixels of `grey` that are black because they are private; None if none are.
    """

    size: tuple[int, int]
    original: NDArray[np.uint8]
    bgr: NDArray[np.uint8]
    grey: Plane
    thumbnail: Plane
    hidden: Mask | None = None

    @property
    def shown(self) -> int:
        """Number of pixels of `grey` that are not hidden."""
        return self.grey.size - (cv2.countNonZero(self.hidden.view(np.uint8)) if self.hidden is not None else 0)


def prepare(picture: NDArray[np.uint8] | NDArray[np.uint16], private: Sequence[Region] = ()) -> Frame:
    """Prepare a picture for judging: H x W x 3 BGR or H x W grey, in 8 bits, or 10 to 16 bits in 16.

    Its `private` regions are black already.

    Raises:
        UnusablePictureError: it is not a picture, or too small.
    """
    bgr = _as_bgr8(picture)
    height, width = bgr.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise UnusablePictureError(detail("tiny", width=width, height=height))
    work = bgr
    if width > WORKING_WIDTH:
        size = (WORKING_WIDTH, max(MIN_SIDE, round(WORKING_WIDTH * height / width)))
        work = np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = plane(cv2.cvtColor(work, cv2.COLOR_BGR2GRAY))
    scale = min(1.0, (THUMBNAIL_PIXELS / grey.size) ** 0.5)
    # rounded down, so that no shape exceeds THUMBNAIL_PIXELS
    size = (max(1, int(grey.shape[1] * scale)), max(1, int(grey.shape[0] * scale)))
    thumbnail = plane(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    hidden = hidden_pixels(private, *grey.shape)
    if hidden is not None and hidden.all():
        raise UnusablePictureError(detail("all_private"))
    return Frame((width, height), bgr, work, grey, thumbnail, hidden)


def _as_bgr8(picture: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    if picture.size == 0 or picture.ndim not in (2, 3):
        raise UnusablePictureError(detail("not_picture", what=f"an array of shape {picture.shape}"))
    if picture.dtype == np.uint16:
        # 10 and 12 bits come in 16; the highest value shows how many are used
        bits = max(8, int(picture.max()).bit_length())
        picture = (picture >> (bits - 8)).astype(np.uint8)
    if picture.dtype != np.uint8:
        raise UnusablePictureError(detail("not_picture", what=f"an array of {picture.dtype}"))
    if picture.ndim == 2 or picture.shape[2] == 1:
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_GRAY2BGR), np.uint8)
    if picture.shape[2] not in (3, 4):
        raise UnusablePictureError(detail("not_picture", what=f"{picture.shape[2]} channels"))
    return np.ascontiguousarray(picture[..., :3], np.uint8)
