"""Simulates months and years of faults in moments: the real stages on the real fleet, from change to change.

Where `run` plays every report of every agent and keeps a store, this has no messages between the faults. Agents
are lost only by the broker's message, because nothing is reported whose silence could be noticed.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import NamedTuple

from pantau_collector.fleet.apply import apply
from pantau_collector.fleet.model import Fleet
from pantau_collector.incidents.coverage import Coverage
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.mute import Mute
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.incidents.scheduler import Judgement, Scheduler
from pantau_collector.incidents.stages import Stages, make_stages
from pantau_collector.incidents.topology import Topology
from pantau_collector.incidents.transition import Transition
from pantau_collector.inventory import Inventory
from pantau_contract.messages import Birth, CameraAbout, CameraState, Death
from pantau_contract.states import STATE_OF, Cause, State

EPOCH_MS = 1_790_000_000_000
"""The time at which every history begins, UTC ms."""
_FOREVER_S = 1e12
"""Seconds that never pass in a simulation: the agents' interval, so that their silence is never noticed."""
MakeStages = Callable[[IncidentRules, Mute, Iterator[int]], Stages]


class Fault(NamedTuple):
    """A camera does not work from `start_s` to `end_s`; if `camera` is empty, its site's agent is not heard."""

    start_s: float
    end_s: float
    site: str
    camera: str
    cause: Cause = Cause.UNREACHABLE


class History:
    """Plays a list of faults. Two faults of the same thing may overlap; the later end counts."""

    def __init__(
        self, inventory: Inventory, rules: IncidentRules, *, make_stages: MakeStages = make_stages
    ) -> None:
        self.inventory = inventory
        self.now_s = 0.0
        self.open: dict[int, Incident] = {}
        self.down: Counter[tuple[str, str]] = Counter()
        """How many faults each camera, and each site's agent, has now."""
        self._fleet = Fleet()
        topology = Topology(inventory)
        stages = make_stages(rules, Mute(Coverage(inventory, topology)), count(1))
        self._scheduler = Scheduler(stages, topology)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._session = 1
        self._cameras: dict[str, list[str]] = {site: [] for site in inventory.sites}
        for site, camera in inventory.cameras:
            self._cameras[site].append(camera)
        for site in inventory.sites:
            self._connect(site)

    def plan(self, faults: Iterable[Fault]) -> None:
        """Add faults that will happen."""
        for fault in faults:
            self._at(fault.start_s, lambda fault=fault: self._change(fault, 1))  # type: ignore[misc] # as bound
            self._at(fault.end_s, lambda fault=fault: self._change(fault, -1))  # type: ignore[misc] # as bound

    def run(self, until_s: float) -> Iterator[list[Transition]]:
        """Go on to that second, and yield the transitions of each moment at which there are any."""
        while True:
            event_s = self._events[0][0] if self._events else _FOREVER_S
            self.now_s = max(self.now_s, min(event_s, self._scheduler.next_s, until_s))
            while self._events and self._events[0][0] <= self.now_s:
                heapq.heappop(self._events)[2]()
            judgement = self._judge()
            if judgement.transitions:
                yield judgement.transitions
            if self.now_s >= until_s:
                return

    def _judge(self) -> Judgement:
        now = Moment(EPOCH_MS + int(self.now_s * 1000), self.now_s)
        judgement = self._scheduler.judge(self._fleet.sites, self._fleet.pop_to_judge(), now)
        for incident in judgement.incidents.values():
            if incident.resolved_ms is None:
                self.open[incident.id] = incident
            else:
                self.open.pop(incident.id, None)
        return judgement

    def _at(self, second: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (second, next(self._order), event))

    def _change(self, fault: Fault, by: int) -> None:
        thing = (fault.site, fault.camera)
        before = self.down[thing]
        self.down[thing] += by
        if bool(before) == bool(self.down[thing]):
            return
        if fault.camera:
            if not self.down[fault.site, ""]:
                self._report(fault.site, fault.camera, fault.cause if by > 0 else None)
        elif by > 0:
            self._apply(Death(fault.site, "boot", self._session))
        else:
            self._connect(fault.site)

    def _connect(self, site: str) -> None:
        self._session += 1
        cameras = tuple(map(CameraAbout, self._cameras[site]))
        self._apply(Birth(site, "boot", self._session, self._ms(), "1", _FOREVER_S, cameras=cameras))
        for camera in self._cameras[site]:
            self._report(site, camera, Cause.UNREACHABLE if self.down[site, camera] else None)

    def _report(self, site: str, camera: str, cause: Cause | None) -> None:
        state = STATE_OF[cause] if cause else State.OK
        self._session += 1
        self._apply(CameraState(site, camera, "boot", self._session, self._ms(), state, self._ms(), cause))

    def _apply(self, message: Birth | Death | CameraState) -> None:
        if isinstance(message, Death):
            message = Death(message.site, message.boot, self._fleet.sites[message.site].session)
        apply(self._fleet, message, self._ms(), self.now_s)

    def _ms(self) -> int:
        return EPOCH_MS + int(self.now_s * 1000)
