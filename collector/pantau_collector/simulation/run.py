"""Runs a scenario second by second on the collector's own stages and an SQLite store of its own."""

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, cast

from sqlalchemy import Connection

from pantau_collector.delivery.dispatch import dispatch
from pantau_collector.incidents.downtime import Downtime
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Journal
from pantau_collector.pipeline import Pipeline
from pantau_collector.simulation.agents import Agent, MemoryJournal, VirtualClock, record
from pantau_collector.simulation.scenario import Event, Scenario, targets
from pantau_collector.simulation.told import Told, differences, messages, read_told
from pantau_collector.store import Store, StoreError, downtime_rows, request_rows
from pantau_contract.messages import Message
from pantau_contract.states import State

_STEP_S = 1.0
_LONGEST_STEP_S = 4.0
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a random name is made in it
"""Where a year of synchronised writes does not try the disk."""
Happening = tuple[float, Callable[[], None]]
"""So many seconds after the time of an event, this."""


class Outcome(NamedTuple):
    """What was told, and how that differs from what was wanted: nothing, if nothing was said of it."""

    told: list[Told]
    differences: list[str]


def simulate(scenario: Scenario, inventory: Inventory, folder: Path | None = None) -> Outcome:
    """Runs it to its end; the store is in `folder`, or in memory that is gone afterwards."""
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as temporary:
        city = City(scenario, inventory, folder or Path(temporary))
        try:
            city.run()
        finally:
            city.store.close()
    wrong = [] if scenario.notice is None else differences(city.told, scenario.notice)
    counts = messages(city.told)
    wrong += [
        f"{counts.get(recipient, 0)} messages to {recipient}, and {wanted} wanted"
        for recipient, wanted in scenario.messages.items()
        if counts.get(recipient, 0) != wanted
    ]
    return Outcome(city.told, wrong)


class City:
    """The agents, the collector, and what is to happen."""

    def __init__(self, scenario: Scenario, inventory: Inventory, folder: Path) -> None:
        self.scenario = scenario
        self.inventory = inventory
        self.clock = VirtualClock(int(datetime.fromisoformat(scenario.starts).timestamp() * 1000))
        self.journal = MemoryJournal()
        self.store = Store.at(folder / "store.sqlite")
        self.told: list[Told] = []
        self.listening = True
        self._store_is_there = True
        self._last_row = 0
        self._recipients = {recipient.id: recipient for recipient in scenario.recipient}
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        well = (State.OK, None, self.clock.true_ms())
        self.agents = {
            site: Agent(site, self.clock, {}, next_s=i % 30.0) for i, site in enumerate(inventory.sites)
        }
        for site, camera in inventory.cameras:
            self.agents[site].cameras[camera] = well
        for event in scenario.event:
            for at in event.times():
                self._at(at, *self._happening(event))
        self.start()
        for agent in self.agents.values():
            self._hear(agent.birth())

    def start(self) -> None:
        """The collector starts, or starts again after a crash."""
        self.pipeline = Pipeline(
            cast("Journal", self.journal),
            self.store,
            self.inventory,
            self.scenario.people,
            self.scenario.incidents,
            self.clock,
            listening=lambda: self.listening,
            notice_rules=self.scenario.notices,
        )

    def run(self) -> None:
        """To the end; may be called again after a step that failed."""
        while self.clock.s < self.scenario.lasts:
            self.clock.s += self._stride_s()
            while self._agenda and self._agenda[0][0] <= self.clock.s:
                heapq.heappop(self._agenda)[2]()
            for agent in self.agents.values():
                if messages := agent.tick():
                    self._hear(messages)
            self.step()

    def _stride_s(self) -> float:
        """How far to the next moment at which anything may happen, and no further than would be a lapse."""
        event_s = self._agenda[0][0] if self._agenda else self.scenario.lasts
        wake_s = self.clock.s + self.pipeline.idle_s
        return max(_STEP_S, min(_LONGEST_STEP_S, float(int(min(event_s, wake_s) - self.clock.s))))

    def step(self) -> None:
        """The collector does what is due."""
        try:
            with self._as_it_is():
                self.pipeline.step()
        except StoreError:
            if self._store_is_there:
                raise
            return
        with self.store.begin() as connection:
            dispatch(connection, self._recipients, self.clock.time_ms())
            told, self._last_row = read_told(connection, self._last_row, self.clock.s)
        self.told += told

    @contextmanager
    def _as_it_is(self) -> Iterator[None]:
        """The store, which may be away."""
        if self._store_is_there:
            yield
            return
        begin = self.store.begin

        @contextmanager
        def refuse() -> Iterator[Connection]:
            raise StoreError("the scenario has taken the store away")
            yield

        self.store.begin = refuse  # type: ignore[method-assign] # for the time that it is away
        try:
            yield
        finally:
            self.store.begin = begin  # type: ignore[method-assign] # as it was

    def _at(self, second: float, *happenings: Happening) -> None:
        for after_s, happening in happenings:
            heapq.heappush(self._agenda, (second + after_s, next(self._order), happening))

    def _hear(self, messages: list[Message]) -> None:
        self.journal.append([record(message, self.clock.time_ms()) for message in messages])

    def _happening(self, event: Event) -> list[Happening]:
        away: dict[str, Callable[[bool], None]] = {
            "broker_away": self._set_listening,
            "store_away": self._set_store,
        }
        if event.do in away:
            ends = [(event.lasts, partial(away[event.do], True))] if event.lasts else []
            return [(0.0, partial(away[event.do], False)), *ends]
        once: dict[str, Callable[[], None]] = {
            "restart": self.start,
            "pause": partial(self._pause, event.lasts or 0.0),
            "clock_step": partial(self._step_clock, event.jump),
            "acknowledge": partial(self._ask, event),
            "withdraw": partial(self._ask, event),
            "downtime": partial(self._plan, event),
        }
        return [(0.0, once[event.do])] if event.do in once else self._to_targets(event)

    def _to_targets(self, event: Event) -> list[Happening]:
        happenings: list[Happening] = []
        pairs = [pair for what in event.what for pair in targets(self.inventory, what) or [_pair(what)]]
        for i, (site, camera) in enumerate(pairs):
            after_s = event.spread * i / len(pairs)
            happenings.append((after_s, self._one(event, site, camera, mends=event.do == "mend")))
            if event.lasts is not None and event.do == "fail":
                happenings.append((after_s + event.lasts, self._one(event, site, camera, mends=True)))
        return happenings

    def _one(self, event: Event, site: str, camera: str, *, mends: bool) -> Callable[[], None]:
        def happening() -> None:
            agent = self.agents[site]
            if event.do == "remove":
                del agent.cameras[camera]
                self._hear(agent.rejoin())
            elif event.do == "add" and not mends:
                agent.set(camera, event.cause)
                self._hear(agent.rejoin())
            elif camera:
                self._hear(agent.set(camera, None if mends else event.cause))
            elif mends:
                self._hear(agent.rejoin())
            else:
                agent.connected = False
                if event.tells:
                    self._hear([agent.death()])

        return happening

    def _set_listening(self, value: bool) -> None:
        self.listening = value

    def _set_store(self, value: bool) -> None:
        self._store_is_there = value
        if value:
            self.start()

    def _pause(self, lasts_s: float) -> None:
        self.clock.s += lasts_s

    def _step_clock(self, jump_s: float) -> None:
        self.clock.step_ms += int(jump_s * 1000)

    def _ask(self, event: Event) -> None:
        now_ms = self.clock.time_ms()
        until_ms = None if event.lasts is None else now_ms + int(event.lasts * 1000)
        for incident in self.pipeline.open_incidents:
            if incident.name not in event.what:
                continue
            with self.store.begin() as connection:
                if event.do == "acknowledge":
                    request_rows.acknowledge(connection, incident.id, event.by, until_ms, created_ms=now_ms)
                else:
                    request_rows.withdraw_acknowledgement(connection, incident.id, event.by, created_ms=now_ms)

    def _plan(self, event: Event) -> None:
        now_ms = self.clock.time_ms()
        lasts_ms = int((event.lasts or 3600.0) * 1000)
        for what in event.what:
            downtime = Downtime(
                id=0,
                scope=event.scope,
                target=what,
                start_ms=now_ms,
                end_ms=None if event.rrule else now_ms + lasts_ms,
                rrule=event.rrule,
                duration_s=lasts_ms // 1000,
                by=event.by,
                created_ms=now_ms,
            )
            with self.store.begin() as connection:
                downtime_rows.add_downtime(connection, downtime)


def _pair(what: str) -> tuple[str, str]:
    site, _, camera = what.partition("/")
    return site, camera
