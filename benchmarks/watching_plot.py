"""Plots the cost of watching against the number of cameras."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt  # the back end has to be chosen first


def plot(cameras: Sequence[int], cpu_ms: Sequence[float], resident_mb: Sequence[float], path: Path) -> None:
    """Plot processor time (ms per camera and second) and resident megabytes in all, by number of cameras."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    left.plot(cameras, cpu_ms, marker="o")
    left.set_ylabel("processor time, ms a camera-second")
    left.set_ylim(bottom=0)
    right.plot(cameras, resident_mb, marker="o", color="tab:orange")
    right.set_ylabel("resident, MB")
    right.set_yscale("log", base=2)
    for axis, values in ((left, cpu_ms), (right, resident_mb)):
        axis.set_xscale("log", base=2)
        axis.set_xticks(cameras, [f"{count:,}" for count in cameras])
        axis.set_xlabel("cameras")
        axis.grid(alpha=0.3)
        for count, value in zip(cameras, values, strict=True):
            axis.annotate(f"{value:.3g}", (count, value), textcoords="offset points", xytext=(0, 6), ha="center")
    right.set_yticks([])
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
