"""Damages valid conversations, descriptions and packets at random, from a seed, and reports what breaks.

The same number of the same seed is always the same input. An input may raise nothing but its target's declared
errors, memory must not grow, and time must grow in proportion to the input.
"""

import functools
import gc
import random
import resource
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

from fuzzing.growth import MAX_GROWTH, TIMES, growth, shapes
from fuzzing.mutation import mutated
from fuzzing.targets import TARGETS, Target, session_loop

BATCH = 1000
"""Inputs between two progress reports."""
SETTLED_AFTER = 20_000
"""Inputs after which everything has been used. The memory in use then is the reference for the rest of the run."""
MAX_MORE_RSS_MB = 256
"""Megabytes by which the most memory that was ever resident may exceed that reference."""
MAX_MORE_BLOCKS = 5000
"""Blocks of Python's allocator by which memory in use may exceed that reference."""
SLOW_S = 1.0
"""Seconds of processor time above which one input (64 KiB at most) is a finding."""
_CACHE = type(functools.lru_cache(str))


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that an input caused. `where` is the innermost line of the product in the traceback."""

    target: str
    what: str
    where: str = ""
    data: bytes = b""

    def __str__(self) -> str:
        return f"{self.target}: {self.what} {self.where}\n    {self.data!r}"


def fuzz(inputs: int, seed: int) -> Iterator[Finding | int]:
    """Try `inputs` inputs. Yields each finding, and the size of each completed batch."""
    shares = [target.share for target in TARGETS]
    before, settled_mb = 0, 0.0
    with session_loop():
        for number in range(inputs):
            rng = random.Random(f"{seed} {number}")
            (target,) = rng.choices(TARGETS, shares)
            finding = attempt(target, mutated(rng, target.valid), rng)
            if finding is not None:
                yield finding
            if number % BATCH == BATCH - 1:
                yield BATCH
            if number + 1 in {SETTLED_AFTER, inputs}:
                used = blocks_in_use()
                if before and used - before > MAX_MORE_BLOCKS:
                    yield Finding("all", f"memory grew by {used - before} blocks in {inputs} inputs")
                before = used
                peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                if settled_mb and peak_mb - settled_mb > MAX_MORE_RSS_MB:
                    yield Finding("all", f"{peak_mb - settled_mb:.0f} MB more were resident than in the beginning")
                settled_mb = settled_mb or peak_mb


def blocks_in_use() -> int:
    """Return the blocks of Python's allocator in use, without what caches hold that have a limit.

    Such a cache may still be filling after a million inputs. One without a limit grows for ever, so it counts.
    """
    for each in gc.get_objects():
        if isinstance(each, _CACHE) and each.cache_parameters()["maxsize"] is not None:
            each.cache_clear()
    gc.collect()
    return sys.getallocatedblocks()


def attempt(target: Target, data: bytes, rng: random.Random) -> Finding | None:
    """Run one input and return the finding, or None if the target behaved."""
    began = time.process_time()
    try:
        target.run(data, rng)
    except target.declared:
        pass
    except Exception as error:  # noqa: BLE001 # every undeclared exception is a finding
        trace = traceback.extract_tb(error.__traceback__)
        where = next((frame for frame in reversed(trace) if "/pantau_" in frame.filename), trace[-1])
        return Finding(target.name, repr(error), f"{where.filename.rpartition('/')[2]}:{where.lineno}", data)
    took = time.process_time() - began
    return Finding(target.name, f"took {took:.2f} s", data=data) if took > SLOW_S else None


def too_steep() -> Iterator[Finding]:
    """Yield a finding for each shape of input whose processing time grows faster than its size."""
    for shape in shapes():
        steepness = growth(shape)
        if steepness > MAX_GROWTH:
            yield Finding("growth", f"{shape.name}: {TIMES} times the input takes {steepness:.0f} times as long")
