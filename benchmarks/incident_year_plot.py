"""Plots the notices of a year, with root causes and without."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt  # the back end must be chosen first


def plot(without: Mapping[str, Sequence[int]], causes: Mapping[str, Sequence[int]], path: Path) -> None:
    """Draw the notices of each week, one panel for each recipient."""
    figure, panels = plt.subplots(2, 3, figsize=(12, 6), sharex=True)
    for panel, who in zip(panels.flat, without, strict=True):
        panel.plot(without[who], label="each by itself", color="tab:red")
        panel.plot(causes[who], label="root causes", color="tab:blue")
        panel.set_title(who)
        panel.set_yscale("log")
        panel.grid(alpha=0.3)
    panels[0, 0].legend()
    for panel in panels[1]:
        panel.set_xlabel("week")
    for panel in panels[:, 0]:
        panel.set_ylabel("notices")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
