"""Runs a scenario second by second, on the collector's own stages and an SQLite store of its own."""

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, cast

from sqlalchemy import Connection

from pantau_collector.delivery.dispatch import dispatch
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Journal
from pantau_collector.pipeline import Pipeline
from pantau_collector.simulation.agents import Agent, MemoryJournal, VirtualClock, to_record
from pantau_collector.simulation.scenario import Event, Scenario, downtime_of, targets
from pantau_collector.simulation.sent_letters import SentLetter, count_letters, differences, read_sent_letters
from pantau_collector.store import Store, StoreError, downtime_rows, request_rows
from pantau_contract.messages import Message
from pantau_contract.states import State

_MIN_STEP_S = 1.0
"""Seconds of virtual time between two steps at least."""
_MAX_STEP_S = 4.0
"""Seconds of virtual time between two steps at most; less than the lapse that breaks the collector's attention."""
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a random name is made in it
"""A folder in memory, for the synchronised writes of a simulated year."""
TimedAction = tuple[float, Callable[[], None]]
"""Seconds after the time of an event, and what happens then."""


class Outcome(NamedTuple):
    """The letters that were sent, and how they differ from what the scenario expects, if it expects anything."""

    sent: list[SentLetter]
    differences: list[str]


def simulate(scenario: Scenario, inventory: Inventory, folder: Path | None = None) -> Outcome:
    """Run a scenario to its end. The store is in `folder`, or in memory that is freed afterwards."""
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as temporary:
        city = SimulatedCity(scenario, inventory, folder or Path(temporary))
        try:
            city.run()
        finally:
            city.store.close()
    wrong = [] if scenario.notice is None else differences(city.sent, scenario.notice)
    counts = count_letters(city.sent)
    wrong += [
        f"{counts.get(recipient, 0)} messages to {recipient}, and {expected} wanted"
        for recipient, expected in scenario.messages.items()
        if counts.get(recipient, 0) != expected
    ]
    return Outcome(city.sent, wrong)


class SimulatedCity:
    """The agents, the collector, and the events of a scenario."""

    def __init__(self, scenario: Scenario, inventory: Inventory, folder: Path) -> None:
        self.scenario = scenario
        self.inventory = inventory
        self.clock = VirtualClock(scenario.starts_ms)
        self.journal = MemoryJournal()
        self.store = Store.at(folder / "store.sqlite")
        self.sent: list[SentLetter] = []
        self.listening = True
        self._store_available = True
        self._last_row = 0
        self._recipients = {recipient.id: recipient for recipient in scenario.recipient}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        healthy = (State.OK, None, self.clock.true_ms())
        self.agents = {
            site: Agent(site, self.clock, {}, next_s=i % 30.0) for i, site in enumerate(inventory.sites)
        }
        for site, camera in inventory.cameras:
            self.agents[site].cameras[camera] = healthy
        for event in scenario.event:
            for at in event.times():
                self._at(at, *self._actions(event))
        self.start()
        for agent in self.agents.values():
            self._receive(agent.birth())

    def start(self) -> None:
        """Start the collector, also after a crash."""
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
        """Run to the end. May be called again after a step that failed."""
        while self.clock.s < self.scenario.lasts:
            self.clock.s += self._step_length_s()
            while self._events and self._events[0][0] <= self.clock.s:
                heapq.heappop(self._events)[2]()
            for agent in self.agents.values():
                if messages := agent.tick():
                    self._receive(messages)
            self.step()

    def _step_length_s(self) -> float:
        """Return the seconds to the next moment at which anything may happen, short of a lapse of attention."""
        event_s = self._events[0][0] if self._events else self.scenario.lasts
        wake_s = self.clock.s + self.pipeline.idle_s
        return max(_MIN_STEP_S, min(_MAX_STEP_S, float(int(min(event_s, wake_s) - self.clock.s))))

    def step(self) -> None:
        """Have the collector do what is due."""
        try:
            with self._store_as_available():
                self.pipeline.step()
        except StoreError:
            if self._store_available:
                raise
            return
        with self.store.begin() as connection:
            dispatch(connection, self._recipients, self.clock.time_ms())
            sent, self._last_row = read_sent_letters(connection, self._last_row, self.clock.s)
        self.sent += sent

    @contextmanager
    def _store_as_available(self) -> Iterator[None]:
        """Make the store refuse transactions meanwhile if the scenario has made it unavailable."""
        if self._store_available:
            yield
            return
        begin = self.store.begin

        @contextmanager
        def refuse() -> Iterator[Connection]:
            raise StoreError("the scenario has taken the store away")
            yield

        self.store.begin = refuse  # type: ignore[method-assign] # while it is unavailable
        try:
            yield
        finally:
            self.store.begin = begin  # type: ignore[method-assign] # as it was

    def _at(self, second: float, *actions: TimedAction) -> None:
        for after_s, action in actions:
            heapq.heappush(self._events, (second + after_s, next(self._order), action))

    def _receive(self, messages: list[Message]) -> None:
        self.journal.append([to_record(message, self.clock.time_ms()) for message in messages])

    def _actions(self, event: Event) -> list[TimedAction]:
        unavailable: dict[str, Callable[[bool], None]] = {
            "broker_away": self._set_listening,
            "store_away": self._set_store_available,
        }
        if event.do in unavailable:
            ends = [(event.lasts, partial(unavailable[event.do], True))] if event.lasts else []
            return [(0.0, partial(unavailable[event.do], False)), *ends]
        once: dict[str, Callable[[], None]] = {
            "restart": self.start,
            "pause": partial(self._pause, event.lasts or 0.0),
            "clock_step": partial(self._step_clock, event.jump),
            "acknowledge": partial(self._request, event),
            "withdraw": partial(self._request, event),
            "downtime": partial(self._add_downtime, event),
        }
        return [(0.0, once[event.do])] if event.do in once else self._target_actions(event)

    def _target_actions(self, event: Event) -> list[TimedAction]:
        actions: list[TimedAction] = []
        pairs = [pair for what in event.what for pair in targets(self.inventory, what) or [_pair(what)]]
        for i, (site, camera) in enumerate(pairs):
            after_s = event.spread * i / len(pairs)
            actions.append((after_s, self._target_action(event, site, camera, recovers=event.do == "mend")))
            if event.lasts is not None and event.do == "fail":
                actions.append((after_s + event.lasts, self._target_action(event, site, camera, recovers=True)))
        return actions

    def _target_action(self, event: Event, site: str, camera: str, *, recovers: bool) -> Callable[[], None]:
        def action() -> None:
            agent = self.agents[site]
            if event.do == "remove":
                agent.cameras.pop(camera, None)
                self._receive(agent.rejoin())
            elif event.do == "add" and not recovers:
                agent.set(camera, event.cause)
                self._receive(agent.rejoin())
            elif camera:
                self._receive(agent.set(camera, None if recovers else event.cause))
            elif recovers:
                self._receive(agent.rejoin())
            else:
                agent.connected = False
                if event.tells:
                    self._receive([agent.death()])

        return action

    def _set_listening(self, value: bool) -> None:
        self.listening = value

    def _set_store_available(self, value: bool) -> None:
        self._store_available = value
        if value:
            self.start()

    def _pause(self, lasts_s: float) -> None:
        self.clock.s += lasts_s

    def _step_clock(self, jump_s: float) -> None:
        self.clock.step_ms += int(jump_s * 1000)

    def _request(self, event: Event) -> None:
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

    def _add_downtime(self, event: Event) -> None:
        now_ms = self.clock.time_ms()
        for what in event.what:
            with self.store.begin() as connection:
                downtime_rows.add_downtime(connection, downtime_of(event, what, now_ms))


def _pair(what: str) -> tuple[str, str]:
    site, _, camera = what.partition("/")
    return site, camera
