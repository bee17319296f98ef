"""The faults that are injected into the city, chosen by a seed; each has healthy targets and is undone later."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.city import SIMCAM_SITE, City, Program, Site

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_TRIES = 1000
"""Faults that are made up until one of healthy targets is found."""
_COLLECTOR_CLOCK_ERRORS_MS = (-9 * 60_000, -60_000, 20 * 60_000, _HOUR_MS, 3 * _DAY_MS)
"""Errors of the collector's clock.

Beyond ten minutes in the past, it would no longer believe the agents' clocks.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: `undo` is called `duration_s` after `inject`; meanwhile its targets get no other fault.

    `kills` is the number of processes that it kills.
    """

    kind: str
    text: str
    targets: tuple[str, ...]
    kills: int
    duration_s: float
    inject: Callable[[], None]
    undo: Callable[[], None]


class FaultGenerator:
    """Chooses faults, with `kind` of that kind only; a seed determines them as far as targets are healthy."""

    def __init__(self, city: City, rng: random.Random, kind: str | None = None) -> None:
        self._city = city
        self._rng = rng
        self._kind = kind
        self._backwards = 0
        self._weighted: list[tuple[float, Callable[[], Fault | None]]] = [
            (10, self._kill),
            (2, self._kill_several),
            (2, self._tear),
            (1, self._cut_brokers_power),
            (1, self._cut_brokers_power_while_the_collector_is_away),
            (3, self._cut),
            (1.5, self._fill),
            (1.5, self._pause),
            (1.5, self._boot_in_the_past),
            (1, self._step),
            (1.5, self._step_collector),
        ]

    def next(self, busy: set[str]) -> Fault | None:
        """Return a fault that has none of the `busy` targets, or None if none was found."""
        weights, makers = zip(*self._weighted, strict=True)
        for _ in range(_TRIES):
            make: Callable[[], Fault | None] = self._rng.choices(makers, weights)[0]
            fault = make()
            if fault is not None and self._kind in {None, fault.kind} and not busy & set(fault.targets):
                return fault
        return None

    def _kill(self) -> Fault:
        program = self._any_program()
        return self._killing("kill", f"kill -9 {program.name}", [program])

    def _kill_several(self) -> Fault:
        programs = self._rng.sample(self._city.programs, self._rng.randint(2, 3))
        return self._killing("kill", "kill -9 at once: " + ", ".join(one.name for one in programs), programs)

    def _cut_brokers_power(self) -> Fault:
        """Kill the broker, and put its file back to what it was some time before."""
        broker, chooser = self._city.broker, random.Random(self._rng.random())

        def inject() -> None:
            broker.lose_power(chooser.randrange)

        return Fault(
            "power",
            "the broker loses power, and wakes with what it had written some time before",
            (broker.name,),
            1,
            self._rng.choice((0.0, 0.3, 1.0, 3.0)),
            inject,
            broker.start,
        )

    def _cut_brokers_power_while_the_collector_is_away(self) -> Fault:
        """Let the broker lose what it kept for the collector, for longer than it takes to be written."""
        broker, collector, chooser = self._city.broker, self._city.collector, random.Random(self._rng.random())

        def undo() -> None:
            broker.lose_power(chooser.randrange)
            broker.start()
            collector.start()

        away_s = self._rng.choice((4.0, 8.0, 12.0))
        return Fault(
            "power after absence",
            "the collector is away; then the broker loses power, and wakes with what it had written before",
            (broker.name, collector.name),
            2,
            away_s,
            collector.kill,
            undo,
        )

    def _tear(self) -> Fault:
        """Kill a program, and append half a record, as if a write had been interrupted."""
        site = self._rng.choice(self._city.sites)
        program = self._rng.choice([self._city.collector, site.program])
        journal = program is self._city.collector
        noise = self._rng.randbytes(self._rng.randint(1, 5000))

        def tear() -> None:
            _tear_journal(self._city.collector_disk.folder, noise) if journal else _tear_spool(site.spool, noise)

        what = "its journal" if journal else "its spool's write-ahead log"
        text = f"kill -9 {program.name}, and {len(noise)} bytes of a torn write at the end of {what}"
        return self._killing("tear", text, [program], after=tear)

    def _killing(
        self, kind: str, text: str, programs: list[Program], after: Callable[[], None] = lambda: None
    ) -> Fault:
        def inject() -> None:
            for program in programs:
                program.kill()
            after()

        def undo() -> None:
            for program in programs:
                program.start()

        duration_s = self._rng.choice((0.0, 0.0, 0.3, 1.0, 3.0))
        names = tuple(program.name for program in programs)
        return Fault(kind, text, names, len(programs), duration_s, inject, undo)

    def _cut(self) -> Fault:
        name = self._rng.choice(list(self._city.relays))
        relay = self._city.relay(name)
        upstream, downstream = self._rng.choice(((True, True), (True, False), (False, True)))
        close = self._rng.random() < 0.5
        ways = "both ways" if upstream and downstream else ("upstream only" if upstream else "downstream only")
        return Fault(
            "cut",
            f"the network cut from {name}, {ways}",
            (f"relay {name}",),
            0,
            self._rng.choice((1.0, 3.0, 8.0, 20.0)),
            lambda: relay.cut(upstream=upstream, downstream=downstream),
            lambda: relay.restore(close=close),
        )

    def _fill(self) -> Fault | None:
        site = self._rng.choice(self._city.sites)
        disk, program = self._rng.choice(
            ((site.disk, site.program), (self._city.collector_disk, self._city.collector))
        )
        if not disk.mounted:
            return None
        return Fault(
            "fill",
            f"the disk of {program.name} is full",
            (program.name,),
            0,
            self._rng.uniform(2, 6),
            disk.fill,
            disk.free,
        )

    def _pause(self) -> Fault:
        program = self._any_program()
        return Fault(
            "pause",
            f"{program.name} is stopped (SIGSTOP)",
            (program.name,),
            0,
            self._rng.choice((0.5, 2.0, 5.0)),
            program.server.pause,
            program.server.resume,
        )

    def _boot_in_the_past(self) -> Fault:
        """Cut the power of a site without a real-time clock: it boots in the past, and its clock is set later.

        The site whose samples are identified by their times is left out.
        """
        site = self._rng.choice([site for site in self._city.sites if site.name != SIMCAM_SITE])
        offset_ms = -self._rng.choice((_HOUR_MS, 40 * _DAY_MS, 2000 * _DAY_MS)) - self._rng.randrange(_HOUR_MS)

        def inject() -> None:
            site.program.kill()
            site.reboot(offset_ms=offset_ms, synchronised=False)
            site.program.start()

        return Fault(
            "clock",
            f"{site.name} loses power and boots {-offset_ms / _DAY_MS:.2f} days in the past",
            (site.program.name,),
            1,
            self._rng.uniform(2, 6),
            inject,
            lambda: site.set_clock(offset_ms=0, synchronised=True),
        )

    def _step(self) -> Fault | None:
        """Step a clock that reports to be synchronised, each time to another hour."""
        site = self._generated_site()
        if site is None:
            return None
        self._backwards += 1
        offset_ms = -self._backwards * _HOUR_MS
        return Fault(
            "step",
            f"the clock of {site.name} is stepped by {self._backwards} hours, and back",
            (site.program.name,),
            0,
            self._rng.uniform(1, 4),
            lambda: site.set_clock(offset_ms=offset_ms, synchronised=True),
            lambda: site.set_clock(offset_ms=0, synchronised=True),
        )

    def _step_collector(self) -> Fault:
        offset_ms = self._rng.choice(_COLLECTOR_CLOCK_ERRORS_MS)
        return Fault(
            "step",
            f"the collector's clock is stepped by {offset_ms / 60_000:.0f} minutes, and back",
            ("collector's clock",),
            0,
            self._rng.uniform(1, 8),
            lambda: self._city.set_collectors_clock(offset_ms),
            lambda: self._city.set_collectors_clock(0),
        )

    def _any_program(self) -> Program:
        """Return a random program; an agent, of which there are many, twice as often as another kind."""
        city = self._city
        agent = self._rng.choice(city.sites).program
        return self._rng.choice([agent, agent, city.broker, city.influx_program, city.collector])

    def _generated_site(self) -> Site | None:
        """Return the only site whose clock may be stepped."""
        return next((site for site in self._city.sites if site.name != SIMCAM_SITE), None)


def _tear_journal(folder: Path, noise: bytes) -> None:
    newest = max((folder / "journal").glob("*.journal"), default=None)
    if newest is None:
        return
    with newest.open("r+b") as file:
        head = file.read(200)
        file.seek(0, 2)
        file.write(head[: len(head) // 2] + noise)


def _tear_spool(spool: Path, noise: bytes) -> None:
    log = spool.with_name(spool.name + "-wal")
    if log.exists():
        with log.open("ab") as file:
            file.write(noise)


def wait_between(rng: random.Random) -> Iterator[float]:
    """Yield the seconds between faults: mostly short, now and then long enough for everything to recover."""
    while True:
        yield rng.choice((0.1, 0.5, 1.0, 1.5, 1.5, 4.0))
