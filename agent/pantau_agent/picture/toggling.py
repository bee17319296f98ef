"""Cells that are hidden, visible, and hidden again: only damage does that to a static scene.

A cover hides a cell once; a lorry, or a camera that turns away and back, toggles it twice. Data that a decoder
lost is elsewhere in each picture, so over some minutes each cell toggles several times.
"""

from dataclasses import dataclass, field

import numpy as np

from pantau_agent.picture.cells import GRID, Mask, Plane, plane
from pantau_agent.picture.comparison import Comparison

DECAY = 0.93
"""Part of a toggle that still counts with the next picture: half of it is left after ten."""
MANY = 2.05
"""Toggles, after decay, beyond what passing objects cause."""
SUSTAINED = 0.03
"""Share of the scene that damage toggles with nearly every picture."""


@dataclass(frozen=True, slots=True)
class CellToggles:
    """Which cells are `hidden`, how often each toggled (`counts`, decaying), and the share that just toggled."""

    hidden: Mask = field(default_factory=lambda: np.zeros(GRID, np.bool_))
    counts: Plane = field(default_factory=lambda: np.zeros(GRID, np.float32))
    latest_share: float = 0.0

    def updated(self, comparison: Comparison) -> "CellToggles":
        """Return the toggles after one more picture.

        Between plainly visible and plainly hidden a cell keeps its state (hysteresis). Under a veil of fine
        detail, such as heavy rain, nothing toggles.
        """
        if comparison.clarity < 1:
            return CellToggles(self.hidden, plane(self.counts * DECAY))
        hidden = (self.hidden | comparison.hidden) & ~comparison.visible
        turned = (hidden != self.hidden) & comparison.static
        share = float(turned.sum()) / max(1, int(comparison.static.sum()))
        return CellToggles(hidden, plane(self.counts * DECAY + turned), share)

    def toggling_share(self, comparison: Comparison) -> float:
        """Return the share of the scene that toggled more than twice; it falls to 0 once nothing toggles."""
        restless_share = float((comparison.static & (self.counts > MANY)).sum()) / max(
            1, int(comparison.static.sum())
        )
        return restless_share * min(1.0, self.latest_share / SUSTAINED)
