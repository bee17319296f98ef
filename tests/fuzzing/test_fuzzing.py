"""A short run of `make fuzz`, and proof that it finds what it is meant to find."""

import functools
import importlib.util
import random
import subprocess
import sys
import time

import pytest

from fuzzing import fuzzer
from fuzzing.fuzzer import Finding, attempt, fuzz
from fuzzing.growth import MAX_GROWTH, Shape, growth, shapes
from fuzzing.mutation import MAX_INPUT, mutated
from fuzzing.targets import TARGETS, Target, session_loop

INPUTS = 1500


def test_damaged_input_raises_nothing_but_the_declared_errors() -> None:
    findings = [str(event) for event in fuzz(INPUTS, seed=2026) if isinstance(event, Finding)]
    assert findings == []


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_valid_input_is_taken(target: Target) -> None:
    with session_loop():
        for data in target.valid:
            assert attempt(target, data, random.Random(1)) is None


@pytest.mark.parametrize("shape", list(shapes()), ids=lambda shape: shape.name)
def test_time_grows_in_proportion_to_the_input(shape: Shape) -> None:
    assert growth(shape) <= MAX_GROWTH


def test_time_that_grows_by_the_square_is_found() -> None:
    def parse(data: bytes) -> None:
        for at in range(0, len(data), 8):
            data.count(b"x", at)

    assert growth(Shape("square", 64_000, lambda size: b"x" * size, parse)) > MAX_GROWTH


def test_an_error_that_is_not_declared_is_found_and_printed_with_its_input() -> None:
    def fails(data: bytes, _rng: random.Random) -> None:
        raise KeyError(data)

    finding = attempt(Target("broken", (), fails), b"\x01", random.Random(1))
    assert finding is not None
    assert "KeyError" in str(finding)
    assert repr(b"\x01") in str(finding)


def test_an_input_that_takes_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzer, "SLOW_S", 0.01)

    def spins(_data: bytes, _rng: random.Random) -> None:
        end = time.process_time() + 0.02
        while time.process_time() < end:
            pass

    finding = attempt(Target("slow", (), spins), b"", random.Random(1))
    assert finding is not None
    assert "took" in finding.what


@pytest.mark.parametrize(("limit", "grows"), [(10_000, False), (None, True)])
def test_a_cache_counts_as_memory_that_grows_only_if_it_has_no_limit(limit: int | None, grows: bool) -> None:
    remember = functools.lru_cache(maxsize=limit)(str)
    before = fuzzer.blocks_in_use()
    for number in range(9000):
        remember(number + 1000)
    assert (fuzzer.blocks_in_use() - before > fuzzer.MAX_MORE_BLOCKS) is grows


def test_guided_by_coverage_it_runs_each_target_or_says_what_is_missing() -> None:
    command = [sys.executable, "-m", "fuzzing.guided", "--seconds", "1"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if importlib.util.find_spec("atheris") is None:
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "pip install atheris" in ran.stderr
    else:
        assert ran.returncode == 0, ran.stdout
        assert ran.stdout.count("cov:") == len(TARGETS)


def test_the_same_seed_makes_the_same_input() -> None:
    valid = [data for target in TARGETS for data in target.valid]
    first, again, other = (mutated(random.Random(seed), valid) for seed in (1, 1, 2))
    assert first == again != other
    assert all(len(mutated(random.Random(seed), valid)) <= MAX_INPUT for seed in range(300))
