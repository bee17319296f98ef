"""`python -m tests.chaos`: everything fails, and nothing is lost."""

import argparse
import json
import random
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.city import City
from tests.chaos.run import run

_HELP = "Kills, cuts, fills and tears a whole city at random; exit code 1 if a sample was lost or stored twice."


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=_HELP)
    parser.add_argument("--seed", type=int, default=None, help="of the choice of blows; a new one by default")
    parser.add_argument("--kills", type=int, default=200, help="processes killed before it is over")
    parser.add_argument("--sites", type=int, default=4, help="with played cameras")
    parser.add_argument("--cameras", type=int, default=16, help="a site")
    parser.add_argument(
        "--true-cameras", type=int, default=2, help="simulated over RTSP, watched by one more agent"
    )
    parser.add_argument(
        "--folder", type=Path, default=None, help="kept, with every log; a temporary one by default"
    )
    parser.add_argument("--json", action="store_true", help="the outcome as one JSON object, on standard output")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended, and unmounted
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1 << 31)

    def say(text: str) -> None:
        print(text, file=sys.stderr if asked.json else sys.stdout, flush=True)  # it is a command

    say(f"seed {seed}: {asked.kills} kills, {asked.sites} sites of {asked.cameras} cameras")
    with tempfile.TemporaryDirectory(prefix="pantau-chaos-") as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with City(folder, sites=asked.sites, cameras=asked.cameras, true_cameras=asked.true_cameras) as city:
            if not city.collector_disk.mounted:
                say("no small disks here (mounting needs root): no disk is filled")
            outcome = run(city, seed=seed, kills=asked.kills, say=say, settle_within_s=90)
    if asked.json:
        print(json.dumps(outcome.as_dict(), indent=2))  # noqa: T201 # it is a command
    verdict = outcome.verdict
    say(f"\nseed {seed}: {outcome.kills} killed in {outcome.seconds} s; blows: {outcome.blows}")
    if outcome.ended_by_themselves:
        say(f"ended by themselves, and were started again: {outcome.ended_by_themselves}")
    say(f"settled after {outcome.seconds_to_settle} s")
    say(
        f"{verdict.samples} samples taken in {verdict.batches} batches: {verdict.lost} lost,"
        f" {verdict.doubled} doubled, {verdict.strange} strange, {verdict.misdated} at a wrong time"
    )
    for example in verdict.examples:
        say(f"  {example}")
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
