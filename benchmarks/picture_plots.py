"""The plots of the picture benchmark."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.picture_events import ORDER, Clip, Outcome

mpl.use("Agg")

from matplotlib import pyplot as plt  # the back end has to be chosen first

_COLUMNS = 3


def evidence(clips: list[Clip], seen: list[list[Mapping[str, float]]], path: Path) -> None:
    """Plot the evidence of each fault over time, for the first event of each kind."""
    chosen = {clip.fault: (clip, values) for clip, values in zip(reversed(clips), reversed(seen), strict=True)}
    shown = [chosen[fault] for fault in dict.fromkeys(clip.fault for clip in clips)]
    rows = -(-len(shown) // _COLUMNS)
    figure, axes = plt.subplots(rows, _COLUMNS, figsize=(15, 2.4 * rows), sharey=True, squeeze=False)
    for axis, (clip, values) in zip(axes.flat, shown, strict=False):
        for name in ORDER[1:]:
            line = [value.get(name, 0.0) for value in values]
            if max(line, default=0) > 0.2:
                axis.plot(line, label=name)
        axis.axvline(clip.onset, color="grey", linestyle=":")
        axis.axhline(0.5, color="grey", linewidth=0.5)
        axis.set_title(f"{clip.fault} {clip.kind} ({clip.scene})", fontsize=9)
        axis.set_ylim(0, 1.05)
        if axis.lines[2:]:
            axis.legend(fontsize=7, loc="upper left")
    for axis in axes.flat[len(shown) :]:
        axis.axis("off")
    _save(figure, path)


def confusion(outcomes: list[Outcome], path: Path) -> None:
    """Plot what was shown against what was reported first."""
    faults = list(dict.fromkeys(outcome.clip.fault for outcome in outcomes))
    names = [*ORDER, "none"]
    counts = np.zeros((len(faults), len(names)))
    for outcome in outcomes:
        counts[faults.index(outcome.clip.fault), names.index(outcome.first)] += 1
    figure, axis = plt.subplots(figsize=(9, 10))
    axis.imshow(counts / counts.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
    axis.set_xticks(range(len(names)), names, rotation=60, ha="right")
    axis.set_yticks(range(len(faults)), faults)
    for row, column in np.argwhere(counts > 0):
        axis.text(column, row, f"{counts[row, column]:.0f}", ha="center", va="center", fontsize=8)
    axis.set_xlabel("said first")
    axis.set_ylabel("shown")
    _save(figure, path)


def roc(curve: list[tuple[float, float]], points: Mapping[str, tuple[float, float]], path: Path) -> None:
    """Plot faults named rightly over harmless events that alarmed, with ours at several sensitivities."""
    figure, axis = plt.subplots(figsize=(6, 6))
    axis.plot(*zip(*curve, strict=True), marker=".", label="ours, by sensitivity")
    for name, point in points.items():
        axis.plot(*point, marker="o", linestyle="", label=name)
    axis.set_xlim(-0.02, 1)
    axis.set_ylim(0, 1.02)
    axis.set_xlabel("harmless events alarmed")
    axis.set_ylabel("faults named rightly")
    axis.legend()
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
