"""Prints the tables of all benchmarks in one run: `python -m benchmarks --out bench`.

It takes half an hour on two cores. Half of that are the faults, each tried `--trials` times.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TRIALS = 100
"""Trials of each fault, unless `--trials` is given."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module of this package, and its arguments in the complete run."""

    title: str
    module: str
    arguments: tuple[str, ...] = ()

    def command(self, *, as_json: bool) -> list[str]:
        """Return the command of its own process, so that no benchmark inherits another's memory."""
        json_option = ("--json",) if as_json else ()
        return [sys.executable, "-m", f"benchmarks.{self.module}", *self.arguments, *json_option]


def benchmarks(out: Path, trials: int, data: Path | None) -> Iterator[Benchmark]:
    """Yield all benchmarks in the order in which they run."""
    keyframes = () if data is None else ("--data", str(data))
    yield Benchmark("watching", "watching")
    yield Benchmark("watching, 1 to 1,024 cameras", "watching", ("--scale", "--out", str(out)))
    yield Benchmark("picture", "picture", ("--out", str(out), *keyframes))
    yield Benchmark("faults", "faults", ("--trials", str(trials), "--out", str(out)))
    yield Benchmark("hostile camera", "hostile_camera")
    yield Benchmark("wire", "wire")
    yield Benchmark("what the agent's spool writes", "spool_writes")
    yield Benchmark("ingest", "ingest")
    yield Benchmark("the archive of pictures", "snapshots")
    yield Benchmark("a hostile site", "hostile_site")
    yield Benchmark("incidents", "incidents")
    yield Benchmark("the control room", "web")
    yield Benchmark("ledger", "ledger")
    yield Benchmark("reports", "report")
    yield Benchmark("a year of incidents", "incident_year", ("--plot", str(out / "incident-year.png")))


def main() -> int:
    """Run the benchmarks one after another, and return the exit code: 0 if none failed."""
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
    results: dict[str, object] = {}
    worst = 0
    for each in benchmarks(options.out, options.trials, options.data):
        print(f"\n## {each.title}\n", flush=True, file=sys.stderr if options.json else sys.stdout)
        out = subprocess.PIPE if options.json else None
        done = subprocess.run(each.command(as_json=options.json), check=False, stdout=out, text=True)
        worst = max(worst, abs(done.returncode))
        results[each.title] = json.loads(done.stdout) if done.stdout else None
    if options.json:
        print(json.dumps(results))
    return worst


if __name__ == "__main__":
    sys.exit(main())
