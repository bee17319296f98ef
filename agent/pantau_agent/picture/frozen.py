"""Frozen: the stream runs, but the picture does not change.

Sensor noise makes two pictures of a live camera differ nearly everywhere, however quiet the scene. A frozen
picture is encoded to the same bits again whenever the encoder uses the same quantiser, which rate control does
every few pictures. So tiles of the decoded picture are compared bit by bit with those of recent pictures. A
ticking clock disturbs its own tiles and some that are predicted from them, but not all.
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
"""Rows and columns of tiles."""
HISTORY = 4
"""Recent pictures to compare with.

Rate control returns to a quantiser within as many, and looped footage is longer.
"""
SHARE = 0.3
"""Share of equal tiles among those with texture; at most a sixth was equal in a healthy, nearly black yard."""
MAX_DIFFERENCE = 8.0
"""Grey levels between two encodings of one picture, except at the worst 2 % of pixels; movement exceeds that."""


class Fingerprint(NamedTuple):
    """One picture's checksum per tile, which tiles have texture, and the thumbnail in whole grey levels."""

    tiles: NDArray[np.uint32]
    textured: Mask
    thumbnail: NDArray[np.uint8]


class RecentFingerprints:
    """The fingerprints of a camera's last pictures. They are not kept over a restart."""

    def __init__(self) -> None:
        self.recent: deque[Fingerprint] = deque(maxlen=HISTORY)


def frozen(frame: Frame, fingerprints: RecentFingerprints) -> FaultEvidence:
    """Compare the picture with recent ones, then add it to them."""
    current = _fingerprint(frame)
    share, exact = 0.0, False
    for older in reversed(fingerprints.recent):
        if older.thumbnail.shape != current.thumbnail.shape or not _is_similar(current.thumbnail, older.thumbnail):
            break  # something moved since: equality with older pictures would be a loop, or chance
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
        zlib.crc32(frame.original[top:bottom:2, left:right].tobytes())  # every other row is enough
        for top, bottom in itertools.pairwise(rows)
        for left, right in itertools.pairwise(columns)
    ]
    texture = _spread(frame.thumbnail)
    textured = texture > max(0.5, float(np.median(texture)))
    return Fingerprint(
        np.array(sums, np.uint32).reshape(TILES), textured, np.rint(frame.thumbnail).astype(np.uint8)
    )


def _spread(thumbnail: Plane) -> Plane:
    """Return the standard deviation of grey in each tile."""
    size = (TILES[1], TILES[0])
    mean = cv2.resize(thumbnail, size, interpolation=cv2.INTER_AREA)
    square = cv2.resize(thumbnail * thumbnail, size, interpolation=cv2.INTER_AREA)
    return plane(np.sqrt(np.maximum(square - mean * mean, 0)))
