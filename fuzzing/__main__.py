"""Tries bad input by the million on what cameras and sites can reach: `python -m fuzzing --inputs 1000000`.

Valid conversations, descriptions and packets are damaged at random, from a seed: the same number of the same seed
is the same input. Nothing but the declared errors may be raised, memory must not grow, and time must grow in
proportion to the input. What is found is printed with its input, and the exit code is 1.
"""

import argparse
import sys
from collections import Counter

from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from fuzzing.fuzzer import fuzz, too_steep

MAX_PRINTED = 20
"""Distinct findings that are printed with their input; the rest are only counted."""


def main() -> int:
    """Fuzz, and return the exit code: 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzzing", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    console = Console()
    found: Counter[tuple[str, str]] = Counter()
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("inputs", total=options.inputs)
        for event in fuzz(options.inputs, options.seed):
            if isinstance(event, int):
                progress.advance(task, event)
                continue
            kind = event.target, event.where or event.what
            found[kind] += 1
            if found[kind] == 1 and len(found) <= MAX_PRINTED:
                console.print(str(event), markup=False, highlight=False, soft_wrap=True)
    for finding in too_steep():
        found[finding.target, finding.what] += 1
        console.print(str(finding), markup=False, highlight=False, soft_wrap=True)
    console.print(f"{options.inputs:,} inputs, {len(found)} findings")
    for (target, where), times in found.most_common():
        console.print(f"  {times} x {target} {where}", markup=False, highlight=False, soft_wrap=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
