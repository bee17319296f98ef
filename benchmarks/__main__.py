"""Every benchmark's table in one run: `python -m benchmarks --out bench`. On two cores it takes half an hour.

Half of that is the faults, each tried as often as `--trials` says.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TRIALS = 100


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module of this package, and the arguments that it takes in a whole run."""

    title: str
    module: str
    arguments: tuple[str, ...] = ()

    def command(self, *, as_json: bool) -> list[str]:
        """As a process of its own, so that none inherits another's memory."""
        json_too = ("--json",) if as_json else ()
        return [sys.executable, "-m", f"benchmarks.{self.module}", *self.arguments, *json_too]


def benchmarks(out: Path, trials: int, data: Path | None) -> Iterator[Benchmark]:
    """All of them, in the order in which they run."""
    keyframes = () if data is None else ("--data", str(data))
    yield Benchmark("watching", "watching")
    yield Benchmark("watching, 1 to 1,024 cameras", "watching", ("--scale", "--out", str(out)))
    yield Benchmark("picture", "picture", ("--out", str(out), *keyframes))
    yield Benchmark("faults", "faults", ("--trials", str(trials), "--out", str(out)))
    yield Benchmark("wire", "wire")
    yield Benchmark("ingest", "ingest")
    yield Benchmark("incidents", "incidents")
    yield Benchmark("a year of incidents", "incident_year", ("--plot", str(out / "incident-year.png")))


def main() -> int:
    """Runs them one after another; exit 1 or more where one of them failed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("bench"), help="directory for plots and tables")
    parser.add_argument("--trials", type=int, default=TRIALS, help="of each fault")
    parser.add_argument(
        "--data", type=Path, help="directory of labelled keyframe sequences, to judge the judge by"
    )
    parser.add_argument("--json", action="store_true", help="one object, with what each says of itself")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    told: dict[str, object] = {}
    worst = 0
    for each in benchmarks(options.out, options.trials, options.data):
        print(f"\n## {each.title}\n", flush=True, file=sys.stderr if options.json else sys.stdout)
        out = subprocess.PIPE if options.json else None
        done = subprocess.run(each.command(as_json=options.json), check=False, stdout=out, text=True)
        worst = max(worst, abs(done.returncode))
        told[each.title] = json.loads(done.stdout) if done.stdout else None
    if options.json:
        print(json.dumps(told))
    return worst


if __name__ == "__main__":
    sys.exit(main())
