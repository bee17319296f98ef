"""Blows for as long as asked, then quiet, then the count."""

import heapq
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.chaos.blows import Blow, Blows, wait_between
from tests.chaos.city import City
from tests.chaos.tap import Taken
from tests.chaos.verdict import Verdict, judge, missing

_SETTLE_S = 3.0
"""After a blow its victim has so long until the next may befall it: a disk that was full is written again."""
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Outcome:
    """What was done, and what came of it."""

    seed: int
    kills: int
    blows: dict[str, int]
    seconds: float
    seconds_to_settle: float
    ended_by_themselves: dict[str, int]
    verdict: Verdict

    @property
    def good(self) -> bool:
        return self.verdict.good

    def as_dict(self) -> dict[str, Any]:
        return vars(self) | {"verdict": self.verdict.as_dict(), "good": self.good}


def run(city: City, *, seed: int, kills: int, say: Callable[[str], None], settle_within_s: float) -> Outcome:
    """Strikes the city until so many processes were killed; it is over when all that was taken has arrived, or
    nothing more arrives for `settle_within_s`."""
    rng = random.Random(seed)
    blows, began = Blows(city, rng), time.monotonic()
    counts: Counter[str] = Counter()
    killed = 0
    pending: list[tuple[float, int, Blow]] = []
    busy: dict[str, float] = {}
    pauses = wait_between(rng)
    while killed < kills:
        blow = blows.next({victim for victim, until_s in busy.items() if until_s > time.monotonic()})
        blow.strike()
        counts[blow.kind] += 1
        killed += blow.kills
        ends_s = time.monotonic() + blow.lasts_s
        heapq.heappush(pending, (ends_s, sum(counts.values()), blow))
        after_s = 0.0 if blow.kind in {"kill", "tear"} else _SETTLE_S
        busy |= dict.fromkeys(blow.victims, ends_s + after_s)
        say(f"{time.monotonic() - began:7.1f} s  {killed:4d} killed  {blow.text}, for {blow.lasts_s:.1f} s")
        _pass(city, pending, time.monotonic() + next(pauses))
    while pending:
        _pass(city, pending, pending[0][0])
    struck_s = time.monotonic() - began
    say(f"{struck_s:7.1f} s  quiet; waiting for what is still on its way")
    taken = city.taken()
    settled_s = _settle(city, taken, settle_within_s, say)
    ended = {program.name: program.ended_by_itself for program in city.programs if program.ended_by_itself}
    verdict = judge(city, taken, stepped=city.sites[0].name)
    return Outcome(seed, killed, dict(counts), round(struck_s, 1), round(settled_s, 1), ended, verdict)


def _pass(city: City, pending: list[tuple[float, int, Blow]], until_s: float) -> None:
    """Lets time pass, and undoes what is over."""
    while True:
        now_s = time.monotonic()
        while pending and pending[0][0] <= now_s:
            heapq.heappop(pending)[2].undo()
        city.supervise()
        if now_s >= until_s:
            return
        time.sleep(min(0.05, until_s - now_s))


def _settle(city: City, taken: Taken, within_s: float, say: Callable[[str], None]) -> float:
    """Waits until all that was taken has arrived."""
    began = changed_s = time.monotonic()
    left = len(taken.kept)
    while left and time.monotonic() - changed_s < within_s:
        city.supervise()
        time.sleep(_LOOK_EVERY_S)
        now_left = missing(city, taken)
        if now_left != left:
            left, changed_s = now_left, time.monotonic()
            say(f"          {left} samples on their way")
    return time.monotonic() - began
