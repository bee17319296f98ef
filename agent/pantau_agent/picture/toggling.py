"""Cells that are hidden and shown again, and hidden again: only damage does that to a scene that stands still.

A cover hides a cell once; a lorry, or a camera that looks away and comes home, turns it twice. What a decoder lost
is elsewhere in each picture, so that over some minutes each cell turns several times.
"""

from dataclasses import dataclass, field

import numpy as np

from pantau_agent.picture.cells import GRID, Mask, Plane, plane
from pantau_agent.picture.comparison import Comparison

DECAY = 0.93
"""Part of a turn that still counts with the next picture: half of it after ten."""
MANY = 2.05
"""More turns than what passes makes."""
SUSTAINED = 0.03
"""Share of the scene that damage turns with nearly each picture."""


@dataclass(frozen=True, slots=True)
class CellToggles:
    """Which cells are `hidden`, how often each turned of late (`count`, fading), the share `turning` right now."""

    hidden: Mask = field(default_factory=lambda: np.zeros(GRID, np.bool_))
    counts: Plane = field(default_factory=lambda: np.zeros(GRID, np.float32))
    latest_share: float = 0.0

    def updated(self, comparison: Comparison) -> "CellToggles":
        """The turns after one more picture.

        Between plainly shown and plainly hidden a cell stays what it was, so that what hovers does not count.
        Under a veil of fine detail, as heavy rain is, nobody can tell.
        """
        if comparison.clarity < 1:
            return CellToggles(self.hidden, plane(self.counts * DECAY))
        hidden = (self.hidden | comparison.hidden) & ~comparison.visible
        turned = (hidden != self.hidden) & comparison.static
        share = float(turned.sum()) / max(1, int(comparison.static.sum()))
        return CellToggles(hidden, plane(self.counts * DECAY + turned), share)

    def toggling_share(self, comparison: Comparison) -> float:
        """The share of the scene that turned more often than twice; where nothing turns any more, it is over."""
        often = float((comparison.static & (self.counts > MANY)).sum()) / max(1, int(comparison.static.sum()))
        return often * min(1.0, self.latest_share / SUSTAINED)
