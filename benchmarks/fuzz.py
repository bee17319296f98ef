"""Bad input by the million, on what reads a camera's words: `python -m benchmarks.fuzz --inputs 1000000`.

Valid conversations, descriptions and packets are damaged at random, from a seed: the same number of the same seed
is the same input. Nothing but the declared errors may be raised, memory must not grow, and time must grow in
proportion to the input. What is found is printed with its input, and the exit code is 1.
"""

import argparse
import gc
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from benchmarks.fuzz_growth import MAX_GROWTH, TIMES, growth, shapes
from benchmarks.fuzz_mutation import mutated
from benchmarks.fuzz_targets import TARGETS, Target, quiet_loop

BATCH = 1000
SETTLED_AFTER = 20_000
"""Inputs after which caches are full: memory is compared with what it was then."""
MAX_MORE = 5000
"""Blocks of memory that may be in use more than then, of Python's own allocator."""
SLOW_S = 1.0
"""Of processor time; one input is 64 KB at most."""
MAX_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """What an input did. `where` is the last line of ours in the trace, so that the same is said once."""

    target: str
    what: str
    where: str = ""
    data: bytes = b""

    def __str__(self) -> str:
        return f"{self.target}: {self.what} {self.where}\n    {self.data!r}"


def fuzz(inputs: int, seed: int) -> Iterator[Finding | int]:
    """Tries so many inputs. Yields findings as they come, and after each batch how many inputs are done."""
    shares = [target.share for target in TARGETS]
    before = 0
    with quiet_loop():
        for number in range(inputs):
            rng = random.Random(f"{seed} {number}")
            (target,) = rng.choices(TARGETS, shares)
            finding = attempt(target, mutated(rng, target.valid), rng)
            if finding is not None:
                yield finding
            if number % BATCH == BATCH - 1:
                yield BATCH
            if number + 1 in {SETTLED_AFTER, inputs}:
                gc.collect()
                used = sys.getallocatedblocks()
                if before and used - before > MAX_MORE:
                    yield Finding("all", f"memory grew by {used - before} blocks in {inputs} inputs")
                before = used


def attempt(target: Target, data: bytes, rng: random.Random) -> Finding | None:
    """One input; what was found."""
    began = time.process_time()
    try:
        target.run(data, rng)
    except target.declared:
        pass
    except Exception as error:  # noqa: BLE001 # any at all is what is looked for
        trace = traceback.extract_tb(error.__traceback__)
        where = next((frame for frame in reversed(trace) if "pantau_agent" in frame.filename), trace[-1])
        return Finding(target.name, repr(error), f"{where.filename.rpartition('/')[2]}:{where.lineno}", data)
    took = time.process_time() - began
    return Finding(target.name, f"took {took:.2f} s", data=data) if took > SLOW_S else None


def too_steep() -> Iterator[Finding]:
    """Shapes of input that take more than their share of time."""
    for shape in shapes():
        steepness = growth(shape)
        if steepness > MAX_GROWTH:
            yield Finding("growth", f"{shape.name}: {TIMES} times the input takes {steepness:.0f} times as long")


def main() -> int:
    """Fuzzes; exit 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    console = Console()
    found: Counter[tuple[str, str]] = Counter()
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("inputs", total=options.inputs)
        for said in fuzz(options.inputs, options.seed):
            if isinstance(said, int):
                progress.advance(task, said)
                continue
            kind = said.target, said.where or said.what
            found[kind] += 1
            if found[kind] == 1 and len(found) <= MAX_FINDINGS:
                console.print(str(said), markup=False, highlight=False, soft_wrap=True)
    for said in too_steep():
        found[said.target, said.what] += 1
        console.print(str(said), markup=False, highlight=False, soft_wrap=True)
    console.print(f"{options.inputs:,} inputs, {len(found)} findings")
    for (target, where), times in found.most_common():
        console.print(f"  {times} x {target} {where}", markup=False, highlight=False, soft_wrap=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
