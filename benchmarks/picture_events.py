"""Labelled keyframe sequences, the rules an alarm is scored by, and intervals.

A directory holds `manifest.jsonl` (a sequence a line: `seq`, `scene`, `cls`, `kind`, `positive`, `onset`,
`interval` in seconds), and for each sequence an all-intra video `SEQ.mp4` and `SEQ.csv` (`t` in seconds,
`present` 0 where nothing arrived) with a line a keyframe.

A fault counts as detected by a fresh alarm only: a name that was not up on the keyframe before its onset. The
first fresh alarm is the type. Any alarm on a harmless event, or from the eighth keyframe to an onset, is false.
"""

import csv
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Alarms = Sequence[frozenset[str]]

WARM = 8
"""Keyframes at the start on which alarms are not counted."""
ORDER = (
    *("offline", "no_signal", "black", "overexposed", "frozen", "corrupted"),
    *("covered", "defocused", "moved", "colour_cast", "noisy"),
)
"""Alarms in order of precedence."""
RIGHT = {
    "covered_full": {"covered", "black"},
    "covered_partial": {"covered"},
    "black": {"black", "covered"},
    "corruption": {"corrupted"},
    "noise": {"noisy"},
}
"""Alarms that name a fault rightly, if other than the one of the same name."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled sequence."""

    directory: Path
    name: str
    scene: str
    fault: str
    kind: str
    positive: bool
    onset: int
    interval_s: float

    def keyframes(self) -> Iterator[tuple[Picture | None, float]]:
        """Yield each keyframe (BGR, or None if nothing arrived) and its time in seconds."""
        with (self.directory / f"{self.name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        with av.open(str(self.directory / f"{self.name}.mp4")) as video:
            for frame, row in zip(video.decode(video=0), rows, strict=False):
                picture = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) if row["present"] != "0" else None
                yield picture, float(row["t"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a detector did on one sequence. `first` is the first fresh alarm, or the most lasting false one."""

    clip: Clip
    detected: bool
    right: bool
    first: str
    delay: int
    false: bool
    healthy: int
    healthy_alarmed: int


def read(directory: Path) -> list[Clip]:
    """Return the sequences of a directory."""
    lines = (directory / "manifest.jsonl").read_text().splitlines()
    about = [json.loads(line) for line in lines]
    return [
        Clip(directory, a["seq"], a["scene"], a["cls"], a["kind"] or "", a["positive"], a["onset"], a["interval"])
        for a in about
    ]


def score(clip: Clip, alarms: Alarms) -> Outcome:
    """Score the alarms that were up on each keyframe."""
    onset = clip.onset
    before = alarms[WARM:onset]
    healthy_alarmed = sum(bool(up) for up in before)
    if not clip.positive:
        names = [name for up in alarms[WARM:] for name in up]
        first = max(ORDER, key=names.count) if names else "none"
        return Outcome(clip, False, False, first, 0, bool(names), len(before), healthy_alarmed)
    stood = alarms[onset - 1]
    for delay, up in enumerate(alarms[onset:]):
        fresh = up - stood
        if fresh:
            first = min(fresh, key=ORDER.index)
            right = first in RIGHT.get(clip.fault, {clip.fault})
            return Outcome(clip, True, right, first, delay, False, len(before), healthy_alarmed)
    return Outcome(clip, False, False, "none", 0, False, len(before), healthy_alarmed)


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (E. B. Wilson, 1927)."""
    if trials == 0:
        return 0.0, 1.0
    z = 1.96
    share = successes / trials
    middle = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return (middle - half) / scale, (middle + half) / scale
