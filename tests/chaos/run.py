"""Injects faults until enough processes were killed, waits for undelivered samples, and checks the result."""

import heapq
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.chaos.capture import CapturedSamples
from tests.chaos.city import City
from tests.chaos.faults import Fault, FaultGenerator, wait_between
from tests.chaos.results import CheckResult, check_stored, count_missing

_RECOVERY_S = 3.0
"""Seconds after a fault during which its target is spared, so that a disk that was full is written again."""
_CHECK_EVERY_S = 1.0
"""Seconds from one count of undelivered samples to the next."""


@dataclass(frozen=True)
class Outcome:
    """The faults that were injected, and the result of the check."""

    seed: int
    kills: int
    faults: dict[str, int]
    seconds: float
    seconds_to_settle: float
    unexpected_exits: dict[str, int]
    result: CheckResult

    @property
    def passed(self) -> bool:
        return self.result.passed

    def as_dict(self) -> dict[str, Any]:
        return vars(self) | {"result": self.result.as_dict(), "passed": self.passed}


def run(
    city: City,
    *,
    seed: int,
    kills: int,
    report: Callable[[str], None],
    settle_within_s: float,
    kind: str | None = None,
) -> Outcome:
    """Inject faults until `kills` processes were killed, and check the result once it no longer changes.

    With `kind` all are of that kind. The run is over when every spooled sample has arrived, or when none has
    arrived for `settle_within_s`.
    """
    _wait_until_each_site_reports(city)
    rng = random.Random(seed)
    faults, began = FaultGenerator(city, rng, kind), time.monotonic()
    counts: Counter[str] = Counter()
    killed = 0
    active: list[tuple[float, int, Fault]] = []
    busy: dict[str, float] = {}
    pauses = wait_between(rng)
    while killed < kills:
        fault = faults.next({target for target, until_s in busy.items() if until_s > time.monotonic()})
        if fault is None:
            _wait_until(city, active, time.monotonic() + 0.1)
            continue
        fault.inject()
        counts[fault.kind] += 1
        killed += fault.kills
        ends_s = time.monotonic() + fault.duration_s
        heapq.heappush(active, (ends_s, sum(counts.values()), fault))
        after_s = 0.0 if fault.kind in {"kill", "tear", "power", "power after absence"} else _RECOVERY_S
        busy |= dict.fromkeys(fault.targets, ends_s + after_s)
        elapsed_s = time.monotonic() - began
        report(f"{elapsed_s:7.1f} s  {killed:4d} killed  {fault.text}, for {fault.duration_s:.1f} s")
        _wait_until(city, active, time.monotonic() + next(pauses))
    while active:
        _wait_until(city, active, active[0][0])
    injected_s = time.monotonic() - began
    report(f"{injected_s:7.1f} s  no more faults; waiting for undelivered samples")
    captured = city.captured()
    settled_s = _wait_until_delivered(city, captured, settle_within_s, report)
    exits = {program.name: program.unexpected_exits for program in city.programs if program.unexpected_exits}
    result = check_stored(city, captured, stepped=city.sites[0].name)
    return Outcome(seed, killed, dict(counts), round(injected_s, 1), round(settled_s, 1), exits, result)


def _wait_until_each_site_reports(city: City) -> None:
    """Wait until every agent has spooled a sample: faults before that would hit programs that only start."""
    while {site for site, _, _ in city.captured().spooled} != {site.name for site in city.sites}:
        city.supervise()
        time.sleep(0.1)


def _wait_until(city: City, active: list[tuple[float, int, Fault]], until_s: float) -> None:
    """Wait until a time, and end the faults that are over."""
    while True:
        now_s = time.monotonic()
        while active and active[0][0] <= now_s:
            heapq.heappop(active)[2].undo()
        city.supervise()
        if now_s >= until_s:
            return
        time.sleep(min(0.05, until_s - now_s))


def _wait_until_delivered(
    city: City, captured: CapturedSamples, within_s: float, report: Callable[[str], None]
) -> float:
    """Wait until every spooled sample has arrived, or none has for `within_s`, and return the seconds waited."""
    began = changed_s = time.monotonic()
    missing = len(captured.spooled)
    while missing and time.monotonic() - changed_s < within_s:
        city.supervise()
        time.sleep(_CHECK_EVERY_S)
        now_missing = count_missing(city, captured)
        if now_missing != missing:
            missing, changed_s = now_missing, time.monotonic()
            report(f"          {missing} samples not delivered yet")
    return time.monotonic() - began
