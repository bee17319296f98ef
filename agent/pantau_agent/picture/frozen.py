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
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

TILES = (12, 16)
HISTORY = 4
"""Pictures looked back on: rate control comes back to a quantiser within as many, and footage that is shown over
and over is longer."""
SHARE = 0.3
"""Of the tiles with texture; of a healthy, nearly black yard a sixth came out equal at most."""
MAX_DIFFERENCE = 8.0
"""Grey levels between encodings of one picture, at all but the 2 % worst pixels; what moves differs by more."""


class Fingerprint(NamedTuple):
    """One picture's fingerprints: a checksum a tile, where it has texture, and the small picture, rounded."""

    tiles: NDArray[np.uint32]
    textured: Mask
    thumbnail: NDArray[np.uint8]


class RecentFingerprints:
    """The last pictures of a camera, not kept over a restart."""

    def __init__(self) -> None:
        self.recent: deque[Fingerprint] = deque(maxlen=HISTORY)


def frozen(frame: Frame, fingerprints: RecentFingerprints) -> FaultEvidence:
    """Compares with the pictures before, and remembers this one among them."""
    current = _fingerprint(frame)
    share, exact = 0.0, False
    for older in reversed(fingerprints.recent):
        if older.thumbnail.shape != current.thumbnail.shape or not _is_similar(current.thumbnail, older.thumbnail):
            break  # something moved since: equality with what lies further back is a loop, or chance
        equal = current.tiles == older.tiles
        exact = exact or bool(equal.all())
        textured = current.textured
        share = max(share, float(equal[textured].mean()) if textured.any() else float(equal.all()))
    fingerprints.recent.append(current)
    if exact:
        return FaultEvidence(1.0, detail("frozen_whole"))
    value = 0.5 * share / SHARE
    return FaultEvidence(min(1.0, value), detail("frozen", share=f"{share:.0%}")) if value > 0.1 else NO_EVIDENCE


def _is_similar(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    moved = cv2.countNonZero((cv2.absdiff(one, other) > MAX_DIFFERENCE).view(np.uint8))
    return moved <= 0.02 * one.size


def _fingerprint(frame: Frame) -> Fingerprint:
    height, width = frame.original.shape[:2]
    rows = np.linspace(0, height, TILES[0] + 1).astype(int)
    columns = np.linspace(0, width, TILES[1] + 1).astype(int)
    sums = [
        zlib.crc32(frame.original[top:bottom:2, left:right].tobytes())  # each other row says as much
        for top, bottom in itertools.pairwise(rows)
        for left, right in itertools.pairwise(columns)
    ]
    texture = _spread(frame.thumbnail)
    textured = texture > max(0.5, float(np.median(texture)))
    return Fingerprint(
        np.array(sums, np.uint32).reshape(TILES), textured, np.rint(frame.thumbnail).astype(np.uint8)
    )


def _spread(thumbnail: Plane) -> Plane:
    """The standard deviation of grey in each tile."""
    size = (TILES[1], TILES[0])
    mean = cv2.resize(thumbnail, size, interpolation=cv2.INTER_AREA)
    square = cv2.resize(thumbnail * thumbnail, size, interpolation=cv2.INTER_AREA)
    return plane(np.sqrt(np.maximum(square - mean * mean, 0)))
