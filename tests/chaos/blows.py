"""What happens to the city: a seeded choice of blows, each on what is whole, and undone after a while."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.city import TRUE_SITE, City, Program, Site

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_COLLECTORS_STEPS_MS = (-9 * 60_000, -60_000, 20 * 60_000, _HOUR_MS, 3 * _DAY_MS)
"""Back by less than an agent's clock may be ahead of the collector's: past it, the agents' are not believed."""


@dataclass(frozen=True, slots=True)
class Blow:
    """`strike` does it, `undo` ends it `lasts_s` later; meanwhile nothing else befalls `victims`."""

    kind: str
    text: str
    victims: tuple[str, ...]
    kills: int
    lasts_s: float
    strike: Callable[[], None]
    undo: Callable[[], None]


class Blows:
    """An endless row of them; the same seed gives the same row, as far as the same things are whole."""

    def __init__(self, city: City, rng: random.Random) -> None:
        self._city = city
        self._rng = rng
        self._backwards = 0
        self._makers: list[tuple[float, Callable[[], Blow | None]]] = [
            (10, self._kill),
            (2, self._kill_several),
            (2, self._tear),
            (3, self._cut),
            (1.5, self._fill),
            (1.5, self._pause),
            (1.5, self._boot_in_the_past),
            (1, self._step),
            (1.5, self._step_collector),
        ]

    def next(self, busy: set[str]) -> Blow:
        """A blow to none of the `busy`."""
        weights, makers = zip(*self._makers, strict=True)
        while True:
            make: Callable[[], Blow | None] = self._rng.choices(makers, weights)[0]
            blow = make()
            if blow is not None and not busy & set(blow.victims):
                return blow

    def _kill(self) -> Blow:
        program = self._any_program()
        return self._killing("kill", f"kill -9 {program.name}", [program])

    def _kill_several(self) -> Blow:
        programs = self._rng.sample(self._city.programs, self._rng.randint(2, 3))
        return self._killing("kill", "kill -9 at once: " + ", ".join(one.name for one in programs), programs)

    def _tear(self) -> Blow:
        """A kill, and half a record behind the last whole one, as of a write that was under way."""
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
    ) -> Blow:
        def strike() -> None:
            for program in programs:
                program.kill()
            after()

        def undo() -> None:
            for program in programs:
                program.start()

        lasts_s = self._rng.choice((0.0, 0.0, 0.3, 1.0, 3.0))
        names = tuple(program.name for program in programs)
        return Blow(kind, text, names, len(programs), lasts_s, strike, undo)

    def _cut(self) -> Blow:
        name = self._rng.choice(list(self._city.wires))
        wire = self._city.wire(name)
        forth, back = self._rng.choice(((True, True), (True, False), (False, True)))
        close = self._rng.random() < 0.5
        ways = "both ways" if forth and back else ("forth only" if forth else "back only")
        return Blow(
            "cut",
            f"the network cut from {name}, {ways}",
            (f"wire {name}",),
            0,
            self._rng.choice((1.0, 3.0, 8.0, 20.0)),
            lambda: wire.cut(forth=forth, back=back),
            lambda: wire.mend(close=close),
        )

    def _fill(self) -> Blow | None:
        site = self._rng.choice(self._city.sites)
        disk, program = self._rng.choice(
            ((site.disk, site.program), (self._city.collector_disk, self._city.collector))
        )
        if not disk.mounted:
            return None
        return Blow(
            "fill",
            f"the disk of {program.name} is full",
            (program.name,),
            0,
            self._rng.uniform(2, 6),
            disk.fill,
            disk.free,
        )

    def _pause(self) -> Blow:
        program = self._any_program()
        return Blow(
            "pause",
            f"{program.name} is stopped (SIGSTOP)",
            (program.name,),
            0,
            self._rng.choice((0.5, 2.0, 5.0)),
            program.server.pause,
            program.server.resume,
        )

    def _boot_in_the_past(self) -> Blow:
        """Loss of power at a site without a real-time clock: it boots in the past, and is set right later.

        Not at the site whose samples are known by their times.
        """
        site = self._rng.choice([site for site in self._city.sites if site.name != TRUE_SITE])
        offset_ms = -self._rng.choice((_HOUR_MS, 40 * _DAY_MS, 2000 * _DAY_MS)) - self._rng.randrange(_HOUR_MS)

        def strike() -> None:
            site.program.kill()
            site.reboot(offset_ms=offset_ms, synchronised=False)
            site.program.start()

        return Blow(
            "clock",
            f"{site.name} loses power and boots {-offset_ms / _DAY_MS:.2f} days in the past",
            (site.program.name,),
            1,
            self._rng.uniform(2, 6),
            strike,
            lambda: site.set_clock(offset_ms=0, synchronised=True),
        )

    def _step(self) -> Blow | None:
        """A clock that is said to be right is stepped, to an hour where it has not been yet."""
        site = self._played()
        if site is None:
            return None
        self._backwards += 1
        offset_ms = -self._backwards * _HOUR_MS
        return Blow(
            "step",
            f"the clock of {site.name} is stepped by {self._backwards} hours, and back",
            (site.program.name,),
            0,
            self._rng.uniform(1, 4),
            lambda: site.set_clock(offset_ms=offset_ms, synchronised=True),
            lambda: site.set_clock(offset_ms=0, synchronised=True),
        )

    def _step_collector(self) -> Blow:
        offset_ms = self._rng.choice(_COLLECTORS_STEPS_MS)
        return Blow(
            "step",
            f"the collector's clock is stepped by {offset_ms / 60_000:.0f} minutes, and back",
            ("collector's clock",),
            0,
            self._rng.uniform(1, 8),
            lambda: self._city.set_collectors_clock(offset_ms),
            lambda: self._city.set_collectors_clock(0),
        )

    def _any_program(self) -> Program:
        """Each kind as often as any other."""
        city = self._city
        agent = self._rng.choice(city.sites).program
        return self._rng.choice([agent, agent, city.broker, city.influx_program, city.collector])

    def _played(self) -> Site | None:
        """The one site whose clock may be stepped."""
        return next((site for site in self._city.sites if site.name != TRUE_SITE), None)


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
    """Seconds from blow to blow: mostly short, now and then long enough for all to be well again."""
    while True:
        yield rng.choice((0.1, 0.5, 1.0, 1.5, 1.5, 4.0))
