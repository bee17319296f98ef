"""How well pictures are judged, and at what cost: `python -m benchmarks.picture --data DIR --out PLOTS [--json]`.

DIR holds labelled keyframe sequences (see `picture_events`). Without it only the cost is measured.
"""

import argparse
import json
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from benchmarks import picture_plots
from benchmarks.picture_day import INTERVAL_S, KEYFRAMES, scenes, watch_a_day
from benchmarks.picture_detectors import Constants, Detector, Ours, OwnStart, replay
from benchmarks.picture_events import Clip, Outcome, Picture, read, score
from benchmarks.picture_scenes import SCENES
from benchmarks.picture_tables import Share, Table, share
from pantau_agent.picture.memory_format import encode_memory

DETECTORS: Mapping[str, type[Detector]] = {
    "ours": Ours,
    "constants": Constants,
    "own start": OwnStart,
}
SENSITIVITIES = tuple(float(value) for value in np.geomspace(0.5, 2, 9).round(3))
"""Factors on all evidence, for the ROC curve."""
COST_SIZE = (640, 360)
"""Width and height of the pictures whose cost is measured."""
COST_KEYFRAMES = 60
"""Pictures whose cost is measured."""
ROUNDS = 3
"""Repetitions, of which the fastest counts: disturbances only ever add time."""

Evidence = list[Mapping[str, float]]


def main() -> int:
    """Print all tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.picture", description=__doc__)
    parser.add_argument("--data", type=Path, help="directory of labelled sequences")
    parser.add_argument(
        "--drawn", type=int, default=0, metavar="SEEDS", help="also days of so many of each drawn scene"
    )
    parser.add_argument("--out", type=Path, help="directory for the plots")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", action="store_true", help="print one object, with a list of rows for each table")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    results: dict[str, object] = {}
    found = iter((cost(),)) if options.data is None else tables(options.data, options.jobs, options.out)
    for table in chain(found, (drawn_days(options.drawn, options.jobs),) if options.drawn else ()):
        results[table.name] = table.as_json()
        if not options.json:
            print(table.as_markdown(), flush=True)
    if options.json:
        print(json.dumps(results))
    elif options.data is None:
        print("With --data DIR (labelled sequences) it also prints how well each detector judges.")
    elif options.out is not None:
        print(f"Plots: {options.out}/evidence.png, confusion.png, roc.png")
    return 0


def tables(data: Path, jobs: int, out: Path | None) -> Iterator[Table]:
    """Yield all tables of one directory of sequences as they become known; plots go to `out`."""
    clips = read(data)
    with ProcessPoolExecutor(jobs) as pool:
        results = {name: list(pool.map(partial(watch, name), clips, chunksize=4)) for name in DETECTORS}
    outcomes = {name: [outcome for outcome, _ in result] for name, result in results.items()}
    evidence = [seen for _, seen in results["ours"]]
    yield overall(outcomes)
    yield by("fault", outcomes, lambda clip: clip.fault)
    yield by("scene", outcomes, lambda clip: clip.scene)
    curve = [rescored(clips, evidence, sensitivity) for sensitivity in SENSITIVITIES]
    yield leaving_scenes_out(curve)
    yield days(clips)
    yield cost()
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        picture_plots.evidence(clips, evidence, out / "evidence.png")
        picture_plots.confusion(outcomes["ours"], out / "confusion.png")
        points = {name: rates(result) for name, result in outcomes.items()}
        picture_plots.roc([rates(result) for result in curve], points, out / "roc.png")


def watch(name: str, clip: Clip) -> tuple[Outcome, Evidence]:
    """Run one detector on one sequence."""
    detector = DETECTORS[name](clip.interval_s)
    alarms = [detector.update(picture, time_s) for picture, time_s in clip.keyframes()]
    return score(clip, alarms), detector.evidence if isinstance(detector, Ours) else []


def rescored(clips: list[Clip], evidence: list[Evidence], sensitivity: float) -> list[Outcome]:
    """Return what our detector would have reported with all evidence multiplied by `sensitivity`."""
    return [
        score(clip, replay(seen, clip.interval_s, sensitivity)) for clip, seen in zip(clips, evidence, strict=True)
    ]


def rates(outcomes: Iterable[Outcome]) -> tuple[float, float]:
    """Return the share of harmless events that alarmed, and of faults named rightly."""
    outcomes = list(outcomes)
    harmless = [outcome.false for outcome in outcomes if not outcome.clip.positive]
    faults = [outcome.right for outcome in outcomes if outcome.clip.positive]
    return float(np.mean(harmless)) if harmless else 0.0, float(np.mean(faults)) if faults else 0.0


def overall(outcomes: Mapping[str, list[Outcome]]) -> Table:
    """One row per detector; intervals are Wilson's, 95 %."""
    columns = ("detector", "detected", "right type", "harmless events alarmed", "healthy keyframes in alarm")
    table = Table("overall", "All sequences", columns)
    for name, result in outcomes.items():
        healthy = Share(sum(outcome.healthy_alarmed for outcome in result), sum(o.healthy for o in result))
        table.rows.append((name, *_three(result), healthy))
    return table


def by(what: str, outcomes: Mapping[str, list[Outcome]], key: Callable[[Clip], str]) -> Table:
    """Our detector beside the others, for each fault or scene."""
    columns = [what, *(f"{name}: {column}" for name in outcomes for column in ("right type", "false"))]
    table = Table(f"by_{what}", f"By {what}", [*columns, "our delay, keyframes"])
    ours = outcomes["ours"]
    for value in dict.fromkeys(key(outcome.clip) for outcome in ours):
        cells = []
        for result in outcomes.values():
            _, right, false = _three([outcome for outcome in result if key(outcome.clip) == value])
            cells += [right, false]
        delays = [o.delay for o in ours if key(o.clip) == value and o.detected]
        table.rows.append((value, *cells, float(np.median(delays)) if delays else None))
    return table


def leaving_scenes_out(curve: list[list[Outcome]]) -> Table:
    """Choose the sensitivity on the other scenes, and judge the one left out with it."""
    title = "Leave one scene out (one sensitivity for all faults, chosen on the other scenes)"
    columns = ("scene left out", "sensitivity", "detected", "right type", "harmless events alarmed")
    table = Table("leave_one_scene_out", title, columns)
    pooled: list[Outcome] = []
    for scene in dict.fromkeys(outcome.clip.scene for outcome in curve[0]):
        others = [rates(o for o in result if o.clip.scene != scene) for result in curve]
        # a false alarm costs twice as much as a wrong type; among equals, the nearest to the shipped sensitivity
        best = max(
            range(len(curve)),
            key=lambda i: (round(others[i][1] - 2 * others[i][0], 6), -abs(np.log(SENSITIVITIES[i]))),
        )
        these = [outcome for outcome in curve[best] if outcome.clip.scene == scene]
        pooled += these
        table.rows.append((scene, SENSITIVITIES[best], *_three(these)))
    table.rows.append(("all, pooled", None, *_three(pooled)))
    return table


def _three(outcomes: list[Outcome]) -> tuple[Share, Share, Share]:
    """Return the shares detected, of the right type, and of harmless events that alarmed."""
    faults = [outcome for outcome in outcomes if outcome.clip.positive]
    return (
        share(outcome.detected for outcome in faults),
        share(outcome.right for outcome in faults),
        share(outcome.false for outcome in outcomes if not outcome.clip.positive),
    )


def days(clips: list[Clip]) -> Table:
    """One row per scene."""
    title = f"24 hours of healthy footage a scene, a keyframe each {INTERVAL_S} s"
    table = Table("days", title, ("scene", "keyframes", "in alarm", "by"))
    for scene, keyframes in scenes(clips).items():
        alarms = watch_a_day(keyframes)
        table.rows.append(
            (scene, KEYFRAMES, alarms.total(), ", ".join(f"{n} {c}" for n, c in alarms.most_common()))
        )
    return table


def drawn_days(seeds: int, jobs: int) -> Table:
    """One row per drawn scene: days of scenes with little colour and few edges, each seed another scene."""
    title = f"24 hours of {seeds} drawn scenes of each kind, a keyframe each {INTERVAL_S} s"
    table = Table("drawn_days", title, ("scene", "days", "days with an alarm", "keyframes in alarm", "by"))
    with ProcessPoolExecutor(jobs) as pool:
        for name in SCENES:
            alarms = list(pool.map(partial(_drawn_day, name), range(seeds)))
            total = sum(alarms, Counter[str]())
            by = ", ".join(f"{fault} {count}" for fault, count in total.most_common())
            table.rows.append((name, seeds, sum(map(bool, alarms)), total.total(), by))
    return table


def _drawn_day(name: str, seed: int) -> Counter[str]:
    return watch_a_day(SCENES[name](np.random.default_rng(seed)), seed)


def cost() -> Table:
    """CPU per keyframe of 640x360 after decoding, and memory per camera, for the same synthetic footage."""
    columns = (
        "detector",
        f"CPU ms a keyframe of {COST_SIZE[0]}x{COST_SIZE[1]}",
        "kB kept a camera",
        "kB in memory",
    )
    table = Table("cost", "Cost", columns)
    pictures = made_up()
    for name, kind in DETECTORS.items():
        least = np.inf
        for _ in range(ROUNDS):
            detector = kind(10)
            began = time.process_time()
            for k, picture in enumerate(pictures):
                detector.update(picture, 10.0 * k)
            least = min(least, 1000 * (time.process_time() - began) / len(pictures))
        kept = round(len(encode_memory(detector.memory)) / 1000) if isinstance(detector, Ours) else None
        table.rows.append((name, round(float(least), 1), kept, round(in_memory(kind, pictures) / 1000)))
    return table


def made_up() -> list[Picture]:
    """Return a grainy scene by day, infrared and lamplight, so that all three lightings are remembered."""
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
    """Return the bytes that one more camera takes between two of its pictures."""
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
