"""How well pictures are judged, and at what cost: `python -m benchmarks.picture --data DIR --out PLOTS`.

DIR holds labelled keyframe sequences (see `picture_events`). Without it only the cost is told.
"""

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks import picture_plots
from benchmarks.picture_day import print_days
from benchmarks.picture_detectors import Constants, Detector, Ours, OwnStart, replay
from benchmarks.picture_events import Clip, Outcome, Picture, read, score, wilson
from pantau_agent.picture.saved import save

DETECTORS: Mapping[str, type[Detector]] = {
    "ours": Ours,
    "constants": Constants,
    "own start": OwnStart,
}
SENSITIVITIES = tuple(float(value) for value in np.geomspace(0.5, 2, 9).round(3))
COST_SIZE = (640, 360)
COST_KEYFRAMES = 60
ROUNDS = 3
"""The best counts: what disturbs a round only ever adds to it."""

Evidence = list[Mapping[str, float]]


def main() -> int:
    """Prints all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="directory of labelled sequences")
    parser.add_argument("--out", type=Path, help="directory for the plots")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options, _ = parser.parse_known_args()
    cv2.setNumThreads(1)
    if options.data is None:
        print_cost()
        print("\nWith --data DIR (labelled sequences) it also prints how well each detector judges.")
        return 0
    clips = read(options.data)
    with ProcessPoolExecutor(options.jobs) as pool:
        results = {name: list(pool.map(partial(watch, name), clips, chunksize=4)) for name in DETECTORS}
    outcomes = {name: [outcome for outcome, _ in result] for name, result in results.items()}
    evidence = [seen for _, seen in results["ours"]]
    print_overall(outcomes)
    print_by("fault", outcomes, lambda clip: clip.fault)
    print_by("scene", outcomes, lambda clip: clip.scene)
    curve = [rescored(clips, evidence, sensitivity) for sensitivity in SENSITIVITIES]
    print_leaving_scenes_out(curve)
    print_days(clips)
    print_cost()
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        picture_plots.evidence(clips, evidence, options.out / "evidence.png")
        picture_plots.confusion(outcomes["ours"], options.out / "confusion.png")
        points = {name: rates(result) for name, result in outcomes.items()}
        picture_plots.roc([rates(result) for result in curve], points, options.out / "roc.png")
        print(f"\nPlots: {options.out}/evidence.png, confusion.png, roc.png")
    return 0


def watch(name: str, clip: Clip) -> tuple[Outcome, Evidence]:
    """One detector on one sequence."""
    detector = DETECTORS[name](clip.interval_s)
    alarms = [detector.update(picture, time_s) for picture, time_s in clip.keyframes()]
    return score(clip, alarms), detector.evidence if isinstance(detector, Ours) else []


def rescored(clips: list[Clip], evidence: list[Evidence], sensitivity: float) -> list[Outcome]:
    """What our detector would have said with all evidence times `sensitivity`."""
    return [
        score(clip, replay(seen, clip.interval_s, sensitivity)) for clip, seen in zip(clips, evidence, strict=True)
    ]


def rates(outcomes: Iterable[Outcome]) -> tuple[float, float]:
    """The share of harmless events alarmed, and of faults named rightly."""
    outcomes = list(outcomes)
    harmless = [outcome.false for outcome in outcomes if not outcome.clip.positive]
    faults = [outcome.right for outcome in outcomes if outcome.clip.positive]
    return float(np.mean(harmless)) if harmless else 0.0, float(np.mean(faults)) if faults else 0.0


def share(values: Iterable[bool]) -> str:
    """A share with its count and its 95 % interval."""
    values = list(values)
    if not values:
        return "-"
    low, high = wilson(sum(values), len(values))
    return f"{sum(values) / len(values):.3f} ({sum(values)}/{len(values)}; {low:.2f}-{high:.2f})"


def print_overall(outcomes: Mapping[str, list[Outcome]]) -> None:
    """One line a detector; intervals are Wilson's, 95 %."""
    print("| detector | detected | right type | harmless events alarmed | healthy keyframes in alarm |")
    print("| --- | --- | --- | --- | --- |")
    for name, result in outcomes.items():
        faults = [outcome for outcome in result if outcome.clip.positive]
        harmless = [outcome for outcome in result if not outcome.clip.positive]
        alarmed, healthy = sum(o.healthy_alarmed for o in result), sum(o.healthy for o in result)
        low, high = wilson(alarmed, healthy)
        print(
            f"| {name} | {share(o.detected for o in faults)} | {share(o.right for o in faults)} "
            f"| {share(o.false for o in harmless)} "
            f"| {100 * alarmed / max(1, healthy):.2f} % ({alarmed}/{healthy}; {100 * low:.2f}-{100 * high:.2f}) |"
        )


def print_by(what: str, outcomes: Mapping[str, list[Outcome]], key: Callable[[Clip], str]) -> None:
    """Ours beside the others, for each fault or scene."""
    print(f"\n| {what} | " + " | ".join(f"{name}: right type | {name}: false" for name in outcomes) + " | delay |")
    print("| --- |" + " --- |" * (2 * len(outcomes) + 1))
    ours = outcomes["ours"]
    for value in dict.fromkeys(key(outcome.clip) for outcome in ours):
        cells = []
        for result in outcomes.values():
            these = [outcome for outcome in result if key(outcome.clip) == value]
            cells.append(share(outcome.right for outcome in these if outcome.clip.positive))
            cells.append(share(outcome.false for outcome in these if not outcome.clip.positive))
        delays = [o.delay for o in ours if key(o.clip) == value and o.detected]
        delay = f"{np.median(delays):.0f} keyframes" if delays else "-"
        print(f"| {value} | " + " | ".join(cells) + f" | {delay} |")


def print_leaving_scenes_out(curve: list[list[Outcome]]) -> None:
    """The sensitivity is chosen on the other scenes, and the one left out is judged with it."""
    print("\nLeave one scene out (one sensitivity for all faults, chosen on the other scenes):\n")
    print("| scene left out | sensitivity | detected | right type | harmless events alarmed |")
    print("| --- | --- | --- | --- | --- |")
    pooled: list[Outcome] = []
    for scene in dict.fromkeys(outcome.clip.scene for outcome in curve[0]):
        others = [rates(o for o in result if o.clip.scene != scene) for result in curve]
        # a false alarm costs twice what a wrong type does; of equals, the one nearest to what is shipped
        best = max(
            range(len(curve)),
            key=lambda i: (round(others[i][1] - 2 * others[i][0], 6), -abs(np.log(SENSITIVITIES[i]))),
        )
        these = [outcome for outcome in curve[best] if outcome.clip.scene == scene]
        pooled += these
        print(f"| {scene} | {SENSITIVITIES[best]:g} | {_three(these)} |")
    print(f"| all, pooled | | {_three(pooled)} |")


def _three(outcomes: list[Outcome]) -> str:
    faults = [outcome for outcome in outcomes if outcome.clip.positive]
    return " | ".join(
        (
            share(outcome.detected for outcome in faults),
            share(outcome.right for outcome in faults),
            share(outcome.false for outcome in outcomes if not outcome.clip.positive),
        )
    )


def print_cost() -> None:
    """CPU a keyframe of 640x360, after decoding, and memory a camera, of the same made-up footage."""
    print(f"\n| detector | CPU ms a keyframe of {COST_SIZE[0]}x{COST_SIZE[1]} | kB kept a camera | kB in memory |")
    print("| --- | --- | --- | --- |")
    pictures = made_up()
    for name, kind in DETECTORS.items():
        cost = np.inf
        for _ in range(ROUNDS):
            detector = kind(10)
            began = time.process_time()
            for k, picture in enumerate(pictures):
                detector.update(picture, 10.0 * k)
            cost = min(cost, 1000 * (time.process_time() - began) / len(pictures))
        kept = f"{len(save(detector.memory)) / 1000:.0f}" if isinstance(detector, Ours) else "-"
        print(f"| {name} | {cost:.1f} | {kept} | {in_memory(kind, pictures) / 1000:.0f} |")


def made_up() -> list[Picture]:
    """A grainy scene by day, by infra-red and by lamplight, so that all three lightings are remembered."""
    rng = np.random.default_rng(1)
    width, height = COST_SIZE
    coarse = rng.integers(60, 255, (45, 80, 3), np.uint8)
    scene = np.asarray(cv2.resize(coarse, COST_SIZE, interpolation=cv2.INTER_NEAREST), np.uint8)
    infrared = scene.mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8)
    grain = rng.integers(0, 6, (height + 64, width + 64, 3), np.uint8)
    pictures = []
    for k in range(COST_KEYFRAMES):
        y, x = rng.integers(0, 64, 2)
        lit = (scene, infrared, scene // 5)[3 * k // COST_KEYFRAMES]
        noise = grain[y : y + height, x : x + width]
        grains = noise[..., :1].repeat(3, axis=2) if lit is infrared else noise
        pictures.append(np.asarray(cv2.add(lit, grains), np.uint8))
    return pictures


def in_memory(kind: type[Detector], pictures: list[Picture]) -> int:
    """Bytes that one more camera takes, between two of its pictures."""
    tracemalloc.start()
    detector = kind(10)
    for k, picture in enumerate(pictures):
        detector.update(picture, 10.0 * k)
    if isinstance(detector, Ours):
        detector.evidence.clear()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken


if __name__ == "__main__":
    sys.exit(main())
