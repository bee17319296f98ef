"""`python -m tests.chaos`: inject faults everywhere, and check that no sample is lost."""

import argparse
import json
import random
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.city import City
from tests.chaos.run import run

_HELP = "Inject random faults into a whole city; exit code 1 if a sample was lost or stored twice."


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=_HELP)
    parser.add_argument("--seed", type=int, default=None, help="of the choice of faults; a new one by default")
    parser.add_argument("--kills", type=int, default=200, help="processes killed before it is over")
    parser.add_argument("--kind", help="inject this kind of fault only, as `power after absence`")
    parser.add_argument("--sites", type=int, default=4, help="with generated cameras")
    parser.add_argument("--cameras", type=int, default=16, help="per site")
    parser.add_argument(
        "--simcam-cameras", type=int, default=2, help="simulated over RTSP, and watched by one more agent"
    )
    parser.add_argument(
        "--folder", type=Path, default=None, help="kept, with every log; a temporary one by default"
    )
    parser.add_argument("--json", action="store_true", help="the outcome as one JSON object, on standard output")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that programs are ended and disks unmounted
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 31)

    def report(text: str) -> None:
        print(text, file=sys.stderr if arguments.json else sys.stdout, flush=True)

    report(f"seed {seed}: {arguments.kills} kills, {arguments.sites} sites of {arguments.cameras} cameras")
    with tempfile.TemporaryDirectory(prefix="pantau-chaos-") as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        counts = {name: getattr(arguments, name) for name in ("sites", "cameras", "simcam_cameras")}
        with City(folder, **counts) as city:
            if not city.collector_disk.mounted:
                report("no small disks here (mounting needs root): no disk is filled")
            outcome = run(
                city, seed=seed, kills=arguments.kills, report=report, settle_within_s=90, kind=arguments.kind
            )
    if arguments.json:
        print(json.dumps(outcome.as_dict(), indent=2))  # noqa: T201 # this module is a command
    result = outcome.result
    report(f"\nseed {seed}: {outcome.kills} killed in {outcome.seconds} s; faults: {outcome.faults}")
    if outcome.unexpected_exits:
        report(f"ended by themselves, and were started again: {outcome.unexpected_exits}")
    report(f"settled after {outcome.seconds_to_settle} s")
    report(
        f"{result.samples} samples captured in {result.batches} batches: {result.lost} lost,"
        f" {result.duplicated} duplicated, {result.unexpected} unexpected, {result.misdated} at a wrong time"
    )
    for example in result.examples:
        report(f"  {example}")
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
