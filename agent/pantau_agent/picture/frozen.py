"""Frozen: the stream runs, the picture stands still.

Sensor noise makes two pictures of a living camera differ nearly everywhere, however quiet the scene. A picture
that stands still is encoded to the same bits again as soon as the encoder takes the same quantiser, which rate
control does every few pictures. So tiles of the decoded picture are compared bit by bit with those of the
pictures before; a ticking clock disturbs its own tiles and some that are predicted from them, not all.
"""

import itertools
import zlib
from collections import deque
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.cells import Mask, Plane, plane
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.verdict import NONE, Evidence
from pantau_contract.words.evidence import detail

TILES = (12, 16)
KEPT = 4
"""Pictures looked back on: rate control comes back to a quantiser within as many, and footage that is shown over
and over is longer."""
SHARE = 0.3
"""Of the tiles with texture; of a healthy, nearly black yard a sixth came out equal at most."""
STILL = 8.0
"""Grey levels between encodings of one picture, at all but the 2 % worst pixels; what moves differs by more."""


class Still(NamedTuple):
    """One picture's fingerprints: a checksum a tile, where it has texture, and the small picture, rounded."""

    tiles: NDArray[np.uint32]
    textured: Mask
    small: NDArray[np.uint8]


class Stills:
    """The last pictures of a camera, not kept over a restart."""

    def __init__(self) -> None:
        self.before: deque[Still] = deque(maxlen=KEPT)


def frozen(frame: Frame, stills: Stills) -> Evidence:
    """Compares with the pictures before, and remembers this one among them."""
    still = _still(frame)
    share, exact = 0.0, False
    for older in reversed(stills.before):
        if older.small.shape != still.small.shape or not _alike(still.small, older.small):
            break  # something moved since: equality with what lies further back is a loop, or chance
        equal = still.tiles == older.tiles
        exact = exact or bool(equal.all())
        textured = still.textured
        share = max(share, float(equal[textured].mean()) if textured.any() else float(equal.all()))
    stills.before.append(still)
    if exact:
        return Evidence(1.0, detail("frozen_whole"))
    value = 0.5 * share / SHARE
    return Evidence(min(1.0, value), detail("frozen", share=f"{share:.0%}")) if value > 0.1 else NONE


def _alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    moved = cv2.countNonZero((cv2.absdiff(one, other) > STILL).view(np.uint8))
    return moved <= 0.02 * one.size


def _still(frame: Frame) -> Still:
    height, width = frame.full.shape[:2]
    rows = np.linspace(0, height, TILES[0] + 1).astype(int)
    columns = np.linspace(0, width, TILES[1] + 1).astype(int)
    sums = [
        zlib.crc32(frame.full[top:bottom:2, left:right].tobytes())  # each other row says as much
        for top, bottom in itertools.pairwise(rows)
        for left, right in itertools.pairwise(columns)
    ]
    texture = _spread(frame.small)
    textured = texture > max(0.5, float(np.median(texture)))
    return Still(np.array(sums, np.uint32).reshape(TILES), textured, np.rint(frame.small).astype(np.uint8))


def _spread(small: Plane) -> Plane:
    """The standard deviation of grey in each tile."""
    size = (TILES[1], TILES[0])
    mean = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    square = cv2.resize(small * small, size, interpolation=cv2.INTER_AREA)
    return plane(np.sqrt(np.maximum(square - mean * mean, 0)))
