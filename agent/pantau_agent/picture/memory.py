"""What is remembered of one camera."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.cells import GRID, Mask, Plane
from pantau_agent.picture.frame import prepare
from pantau_agent.picture.measures import PictureMeasures, measure
from pantau_agent.picture.private_regions import Region, hidden_pixels
from pantau_agent.picture.reference import PROVISIONAL_PICTURES, Reference, new_reference
from pantau_agent.picture.score_baseline import ScoreBaseline


class Lighting(StrEnum):
    """What lights the scene; each lighting has its own reference."""

    DAY = "day"
    INFRARED = "infrared"
    LIT_NIGHT = "lit_night"


COLOUR_HYSTERESIS = (0.02, 0.035)
"""Median departure of the cells' channel ratios from grey: infrared below the first, not above the second."""
LIGHT_HYSTERESIS = (50.0, 70.0)
"""Mean grey level: night below the first, not night above the second."""


@dataclass(slots=True)
class PictureMemory:
    """References by lighting, for pictures of `size` (width, height).

    `learned_ms` is the time spent learning. `hours` holds the baseline of the scores for each hour of the (UTC)
    day. `overlay_frequency` is the share of pictures in which each cell looked written on.
    """

    size: tuple[int, int] = (0, 0)
    learned_ms: int = 0
    lighting: Lighting | None = None
    references: dict[Lighting, Reference] = field(default_factory=dict)
    hours: tuple[ScoreBaseline, ...] = field(default_factory=lambda: tuple(ScoreBaseline() for _ in range(24)))
    overlay_frequency: Plane = field(default_factory=lambda: np.zeros(GRID, np.float32))

    @property
    def pictures(self) -> int:
        """Number of pictures learned from in the best-known lighting."""
        return max((reference.pictures for reference in self.references.values()), default=0)

    def adapt_to_size(self, size: tuple[int, int], thumbnail: Plane) -> bool:
        """Adapt to pictures of this size, and return whether they can be compared.

        Another resolution of the same shape can be, with wider limits at first.
        """
        if any(reference.thumbnail.shape != thumbnail.shape for reference in self.references.values()):
            return False
        if self.size != size:
            for reference in self.references.values():
                reference.mark_provisional(PROVISIONAL_PICTURES)
        self.size = size
        return True

    def hide(self, regions: Sequence[Region]) -> None:
        """Black out regions of the remembered views, which were learned before these were private."""
        for reference in self.references.values():
            hidden = hidden_pixels(regions, *reference.thumbnail.shape)
            if hidden is not None:
                reference.thumbnail[hidden] = 0

    def hour(self, time_ms: int) -> ScoreBaseline:
        """Return the baseline of the hour of a time (milliseconds, UTC)."""
        return self.hours[time_ms // 3_600_000 % 24]

    @property
    def daylight(self) -> float:
        """The grey level of the brightest hour of the day, or 0 while none is known."""
        return max((hour.level_of("light") for hour in self.hours if hour.pictures), default=0.0)

    def reference_for(self, lighting: Lighting, thumbnail: Plane, measures: PictureMeasures) -> Reference:
        """Return the reference of a lighting, or a copy of the previous lighting's if this one is hardly known.

        It is not kept until `set_reference`. A few pictures do not make a lighting known: a cover may look like
        lamplight.
        """
        own = self.references.get(lighting)
        previous = self.references.get(self.lighting or lighting)
        if own is not None and (own.settled or previous is None or not previous.settled):
            return own
        if previous is None:
            return new_reference(thumbnail, measures)
        copy = previous.for_new_lighting()
        if self.lighting is Lighting.INFRARED:
            copy.colour = measures.colour.copy()  # infrared has no colour to compare with
        return copy

    def set_reference(self, lighting: Lighting, reference: Reference) -> None:
        """Keep a reference that has learned from a healthy picture in that lighting."""
        self.lighting = lighting
        self.references[lighting] = reference


def lighting_of(measures: PictureMeasures, previous: Lighting | None) -> Lighting:
    """Return the lighting of a picture; between two thresholds that of the previous one."""
    colour = float(np.median(np.hypot(measures.colour[..., 0], measures.colour[..., 1])))
    if colour < COLOUR_HYSTERESIS[0] or (previous is Lighting.INFRARED and colour < COLOUR_HYSTERESIS[1]):
        return Lighting.INFRARED
    light = float(measures.light.mean())
    if light < LIGHT_HYSTERESIS[0] or (previous is Lighting.LIT_NIGHT and light < LIGHT_HYSTERESIS[1]):
        return Lighting.LIT_NIGHT
    return Lighting.DAY


def region_mask(regions: tuple[tuple[float, float, float, float], ...]) -> Mask:
    """Return the cells whose centres lie in the regions (left, top, right, bottom, in parts of the picture)."""
    rows, columns = GRID
    y, x = (np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns
    masked = np.zeros(GRID, np.bool_)
    for left, top, right, bottom in regions:
        masked |= ((y >= top) & (y <= bottom))[:, None] & ((x >= left) & (x <= right))[None]
    return masked


def accept_view(memory: PictureMemory, picture: NDArray[np.uint8]) -> PictureMemory:
    """Return a memory that takes the picture (BGR) as the right view.

    Everything but the hourly baselines is learned again. The time spent learning is carried over, so that a few
    pictures of the new view are enough.

    Raises:
        UnusablePictureError: the picture cannot be judged.
    """
    frame = prepare(picture)
    measures = measure(frame)
    lighting = lighting_of(measures, memory.lighting)
    accepted = PictureMemory(size=frame.size, learned_ms=memory.learned_ms, lighting=lighting, hours=memory.hours)
    accepted.references[lighting] = new_reference(frame.thumbnail, measures)
    return accepted
