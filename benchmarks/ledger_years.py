"""Simulated years of a site with known truth: which fault takes each moment of each camera, and whose it is."""

import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from pantau_collector.inventory import Inventory, InventoryCamera, InventoryDevice, InventorySite
from pantau_collector.ledger import Bucket
from pantau_contract.states import Cause, State
from tests.collector.ledger.simulated import EPOCH_MS, SimulatedSite

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
SWITCHES, CAMERAS_EACH = 2, 4
CAMERAS = tuple(f"cam{i}" for i in range(SWITCHES * CAMERAS_EACH))
_FINE_S, _CALM_S = 30.0, 3600.0
_AROUND_MS = 20 * 60_000
"""Milliseconds around an interruption in which the agent reports each 30 s; elsewhere each hour, to save time."""


class Kind(NamedTuple):
    """A kind of fault: how often it comes in a year, for how many minutes (median, log-normal), and whose it is.

    `strength` decides where faults overlap, and among equals which began first: a camera that is dead already is
    not taken by its switch. `at_site`: it happens there, whatever is seen.
    """

    name: str
    a_year: float
    median_min: float
    bucket: Bucket
    strength: int
    at_site: bool = True


POWER = Kind("power cut", 6, 45, Bucket.POWER, 6)
AGENT = Kind("agent killed", 6, 20, Bucket.WATCHER, 5)
COLLECTOR = Kind("collector away", 6, 30, Bucket.WATCHER, 4, at_site=False)
LINK = Kind("link cut", 12, 40, Bucket.LINK, 3, at_site=False)
LONG_LINK = Kind("link cut for days", 0.7, 4000, Bucket.LINK, 3, at_site=False)
SWITCH = Kind("dead switch", 4, 90, Bucket.DEVICE, 1)
CAMERA = Kind("dead camera", 6, 120, Bucket.CAMERA, 1)
PICTURE = Kind("picture not true", 4, 200, Bucket.PICTURE, 0)
BLINK = Kind("below standard", 200, 2, Bucket.BELOW_STANDARD, 0)
KINDS = (POWER, AGENT, COLLECTOR, LINK, LONG_LINK, SWITCH, CAMERA, PICTURE, BLINK)
_OFFLINE = {POWER, AGENT}
_BLIND = {COLLECTOR, LINK, LONG_LINK}


class Fault(NamedTuple):
    """One fault of these cameras; `from_ms` and `to_ms` are UTC."""

    from_ms: int
    to_ms: int
    kind: Kind
    cameras: tuple[str, ...]
    cause: Cause | None = None


def inventory(sites: Iterable[str]) -> Inventory:
    """Return sites of two switches with four cameras each."""
    names = list(sites)
    return Inventory(
        sites=[InventorySite(id=site) for site in names],
        devices=[
            InventoryDevice(site=site, id=f"switch{i}", kind="switch") for site in names for i in range(SWITCHES)
        ],
        cameras=[
            InventoryCamera(site=site, id=camera, via=f"switch{i // CAMERAS_EACH}")
            for site in names
            for i, camera in enumerate(CAMERAS)
        ],
    )


def absences(dice: random.Random, length_ms: int) -> list[Fault]:
    """Draw when the collector is away, which is the same for every site."""
    return list(_drawn(dice, COLLECTOR, CAMERAS, length_ms))


def draw(dice: random.Random, length_ms: int) -> list[Fault]:
    """Draw a site's own faults in a time that begins at `EPOCH_MS`."""
    found = [fault for kind in (POWER, AGENT, LINK, LONG_LINK) for fault in _drawn(dice, kind, CAMERAS, length_ms)]
    for i in range(SWITCHES):
        behind = CAMERAS[i * CAMERAS_EACH : (i + 1) * CAMERAS_EACH]
        for fault in _drawn(dice, SWITCH, behind, length_ms, Cause.UNREACHABLE):
            found += _one_after_another(dice, fault)
    found += [_line_after(dice, fault) for fault in found if fault.kind is POWER]
    for camera in CAMERAS:
        found += _drawn(dice, CAMERA, (camera,), length_ms, Cause.UNREACHABLE, Cause.STALLED)
        found += _drawn(dice, PICTURE, (camera,), length_ms, Cause.FROZEN, Cause.COVERED)
        found += _drawn(dice, BLINK, (camera,), length_ms, Cause.PACKET_LOSS, Cause.LOW_FPS)
    return found


def _drawn(
    dice: random.Random, kind: Kind, cameras: tuple[str, ...], length_ms: int, *causes: Cause
) -> Iterator[Fault]:
    """Draw the faults of a kind, none before the first hour and none that outlives the last day."""
    mean_ms = YEAR_MS / kind.a_year
    at_ms = 3_600_000 + dice.expovariate(1 / mean_ms)
    while at_ms < length_ms - DAY_MS:
        lasts_ms = 60_000 * kind.median_min * dice.lognormvariate(0, 0.9)
        end_ms = min(at_ms + max(lasts_ms, 20_000), length_ms - DAY_MS / 2)
        cause = dice.choice(causes) if causes else None
        yield Fault(EPOCH_MS + int(at_ms), EPOCH_MS + int(end_ms), kind, cameras, cause)
        at_ms = end_ms + 60_000 + dice.expovariate(1 / mean_ms)


def _line_after(dice: random.Random, power: Fault) -> Fault:
    """Return the cut of the line by a loss of power: its modem comes back some minutes after the agent."""
    return Fault(power.from_ms, power.to_ms + dice.randrange(1000, 300_000), LINK, CAMERAS)


def _one_after_another(dice: random.Random, fault: Fault) -> Iterator[Fault]:
    """Yield the fault of each camera behind a switch: they fail, and come back, within a minute of each other."""
    for camera in fault.cameras:
        from_ms, to_ms = fault.from_ms + dice.randrange(40_000), fault.to_ms + dice.randrange(50_000)
        yield fault._replace(from_ms=from_ms, to_ms=max(to_ms, from_ms + 1000), cameras=(camera,))


class _Driver:
    """Plays faults on a simulated site."""

    def __init__(self, site: SimulatedSite, faults: Sequence[Fault], dice: random.Random) -> None:
        self.site = site
        self._faults = faults
        self._dice = dice
        self._active: list[Fault] = []
        self._lost_power = False
        edges = {edge for fault in faults if fault.kind in _OFFLINE | _BLIND for edge in fault[:2]}
        self._edges = [0, *sorted(edges), 1 << 60]

    def play(self, until_ms: int) -> None:
        """Play to the end."""
        begins = [(fault.from_ms, True, fault) for fault in self._faults]
        ends = [(fault.to_ms, False, fault) for fault in self._faults]
        for at_ms, is_begin, fault in sorted([*begins, *ends], key=lambda event: event[:2]):
            self._advance(at_ms)
            self._active = [each for each in self._active if each is not fault]
            if is_begin:
                self._active.append(fault)
            self._apply(fault.kind, fault.cameras)
        self._advance(until_ms)

    def _advance(self, to_ms: int) -> None:
        """Let time pass, with reports each 30 s near interruptions, and each hour far from them."""
        site = self.site
        while site.now_ms < to_ms:
            i = bisect_right(self._edges, site.now_ms)
            calm_from_ms, calm_to_ms = self._edges[i - 1] + _AROUND_MS, self._edges[i] - _AROUND_MS
            if calm_from_ms <= site.now_ms < calm_to_ms:
                site.set_interval(_CALM_S)
                until_ms = min(calm_to_ms, to_ms)
            else:
                site.set_interval(_FINE_S)
                until_ms = min(calm_from_ms if site.now_ms < calm_from_ms < calm_to_ms else self._edges[i], to_ms)
            site.run((until_ms - site.now_ms) / 1000)

    def _apply(self, kind: Kind, cameras: tuple[str, ...]) -> None:
        active = {each.kind for each in self._active}
        if kind in _BLIND:
            if active & _BLIND:
                self.site.cut_line()
            else:
                self.site.mend_line()
        elif kind in _OFFLINE:
            self._lost_power |= POWER in active
            if active & _OFFLINE:
                self.site.stop()
            else:
                self.site.start("machine" if self._lost_power else self._dice.choice(("service", "watchdog")))
                self._lost_power = False
        for camera in cameras:
            faults = [each for each in self._active if camera in each.cameras and each.cause is not None]
            worst = max(faults, key=lambda fault: fault.kind.strength, default=None)
            self.site.set(worst.cause if worst and worst.cause else State.OK, camera)
        if kind is SWITCH:
            for i in range(SWITCHES):
                behind = set(CAMERAS[i * CAMERAS_EACH : (i + 1) * CAMERAS_EACH])
                dead = any(each.kind is SWITCH and set(each.cameras) & behind for each in self._active)
                self.site.answer(f"switch{i}", answers=not dead)


def play(site: SimulatedSite, faults: Sequence[Fault], length_ms: int, dice: random.Random) -> None:
    """Play faults on a simulated site that has just started."""
    _Driver(site, faults, dice).play(EPOCH_MS + length_ms)


class Truth(NamedTuple):
    """A stretch of a camera's life that a fault takes."""

    from_ms: int
    to_ms: int
    kind: Kind


def truth(camera: str, faults: Iterable[Fault], *, at_site: bool) -> list[Truth]:
    """Return the stretches that faults take of a camera, each by the strongest of them.

    With `at_site` of the faults that happen there; else only where the strongest is one of sight.
    """
    mine = [fault for fault in faults if camera in fault.cameras]
    if at_site:
        mine = [fault for fault in mine if fault.kind.at_site]
    edges = sorted({edge for fault in mine for edge in fault[:2]})
    begins = sorted(mine, key=lambda fault: fault.from_ms)
    found: list[Truth] = []
    under_way: list[Fault] = []
    i = 0
    for from_ms, to_ms in pairwise(edges):
        while i < len(begins) and begins[i].from_ms <= from_ms:
            under_way.append(begins[i])
            i += 1
        under_way = [fault for fault in under_way if fault.to_ms > from_ms]
        if under_way:
            kind = max(under_way, key=lambda fault: (fault.kind.strength, -fault.from_ms)).kind
            if kind.at_site == at_site:
                found.append(Truth(from_ms, to_ms, kind))
    return found
