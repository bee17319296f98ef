"""Reads what a report is made of, a site at a time: lives of cameras, incidents, the inventory over time."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from pantau_collector.inventory.history import InventoryHistory
from pantau_collector.ledger import Bucket, Evidence, Interval, Ledger
from pantau_collector.ledger.spans import FOREVER_MS, Span
from pantau_collector.reports.document import Told
from pantau_collector.reports.outages import REPEAT_MS, IncidentFacts, is_lost
from pantau_collector.store import Store
from pantau_collector.store.incident_history import PastIncident, load_past_incidents
from pantau_contract.states import State

LOOK_BACK_MS = 366 * 86_400_000
"""How far back before a month an outage is followed that was under way when the month began."""

CameraKey = tuple[str, str]
"""Site and id of a camera."""
Decide = Callable[[str, str, list[Interval]], list[Interval]]
"""Applies people's decisions to the intervals of a camera of a site."""


class CameraIncidents(NamedTuple):
    """The incidents of a camera in order of their numbers, and when somebody had taken any of them."""

    incidents: list[IncidentFacts]
    taken: list[Span]


class Facts:
    """What is known of a time. Sites are read when they are asked for, so that one at a time is in memory."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        history: InventoryHistory,
        span: Span,
        decide: Decide,
        *,
        kept: Iterable[PastIncident] = (),
    ) -> None:
        """Read what concerns all sites.

        Args:
            store: the collector's.
            ledger: that is read.
            history: the inventory over time.
            span: the time, UTC ms.
            decide: applies people's decisions.
            kept: incidents of that time which may be gone from the store.

        Raises:
            StoreError: the store cannot be read.
        """
        self.history = history
        self.span = span
        self._ledger = ledger
        self._decide = decide
        self._reported: dict[str, list[str]] = {}
        for site, camera in ledger.cameras():
            self._reported.setdefault(site, []).append(camera)
        self._listed = _listed(history, span)
        with store.begin() as connection:
            found = load_past_incidents(connection, span.from_ms - REPEAT_MS, span.to_ms)
        every = {each.id: each for each in (*kept, *found)}
        self.past_incidents = [each for _, each in sorted(every.items())]
        self._incidents = _by_camera(self.past_incidents)

    def sites(self) -> list[str]:
        """Return every site that an agent ever reported, or that was in the inventory in the period, in order."""
        return sorted(self._reported.keys() | self._listed.keys())

    def cameras(self) -> list[CameraKey]:
        """Return every camera that an agent has ever reported, in order."""
        return [(site, camera) for site in sorted(self._reported) for camera in self._reported[site]]

    def incidents(self, site: str, camera: str) -> CameraIncidents:
        """Return the incidents that a camera was part of in the period, or in the week before."""
        return self._incidents.get((site, camera), CameraIncidents([], []))

    def lives(self, site: str) -> dict[str, list[Interval]]:
        """Return the intervals of each camera of a site up to the end of the time, with people's decisions.

        They reach back a week before it, and to the beginning of an outage that was under way then. A camera that
        is in the inventory, and that no agent ever reported, is not known while it is listed.

        Raises:
            StoreError: the store cannot be read.
        """
        found = self._measured(site) if site in self._reported else {}
        for camera in self._listed.get(site, ()):
            if camera not in found:
                found[camera] = self._never_reported(site, camera)
        return {camera: self._decide(site, camera, found[camera]) for camera in sorted(found)}

    def earlier(self, site: str, from_ms: int) -> dict[str, list[Interval]]:
        """Return the same from a moment on; cameras that no agent ever reported are absent.

        Raises:
            StoreError: the store cannot be read.
        """
        found = self._ledger.site_intervals(site, from_ms, self.span.to_ms) if site in self._reported else {}
        return {camera: self._decide(site, camera, its) for camera, its in found.items()}

    def _measured(self, site: str) -> dict[str, list[Interval]]:
        """Return the intervals of the cameras that were ever reported, each as far back as it is needed."""
        begin_ms, to_ms = self.span.from_ms - REPEAT_MS, self.span.to_ms
        found = self._ledger.site_intervals(site, begin_ms, to_ms)
        edge_ms = begin_ms
        while late := [camera for camera, its in found.items() if its[0].from_ms == edge_ms and is_lost(its[0])]:
            if edge_ms == self.span.from_ms - LOOK_BACK_MS:
                break
            edge_ms = self.span.from_ms - min(4 * (self.span.from_ms - edge_ms), LOOK_BACK_MS)
            earlier = self._ledger.site_intervals(site, edge_ms, to_ms)
            for camera in late:
                found[camera] = _since_it_worked(earlier[camera], begin_ms)
        return found

    def _never_reported(self, site: str, camera: str) -> list[Interval]:
        """Return the life of a camera that was listed, and never seen."""
        found: list[Interval] = []
        for span in self.history.spans(site, self.span.from_ms, self.span.to_ms):
            is_listed = (site, camera) in span.inventory.cameras
            bucket = Bucket.NOT_KNOWN if is_listed else Bucket.OUT_OF_SERVICE
            evidence = Evidence.NONE if is_listed else Evidence.NOT_CONFIGURED
            from_ms = span.from_ms
            if found and found[-1].bucket is bucket:
                from_ms = found.pop().from_ms
            found.append(Interval(from_ms, span.to_ms, bucket, bucket, bucket, State.UNKNOWN, None, evidence))
        return found


def _by_camera(past: Iterable[PastIncident]) -> dict[CameraKey, CameraIncidents]:
    found: dict[CameraKey, CameraIncidents] = {}
    for each in past:
        told = tuple(Told(*telling) for telling in each.told)
        by, taken_ms = each.taken[0][:2] if each.taken else ("", None)
        known = IncidentFacts(each.id, each.from_ms, each.to_ms, told, by, taken_ms)
        taken = [Span(it.from_ms, FOREVER_MS if it.to_ms is None else it.to_ms) for it in each.taken]
        for key in each.members:
            its = found.setdefault(key, CameraIncidents([], []))
            its.incidents.append(known)
            its.taken.extend(taken)
    return found


def _since_it_worked(intervals: list[Interval], at_ms: int) -> list[Interval]:
    """Return the intervals from the last in which a camera worked that ended up to a moment; or else all."""
    worked = [i for i, each in enumerate(intervals) if each.to_ms <= at_ms and each.bucket is Bucket.WORKING]
    return intervals[worked[-1] :] if worked else intervals


def _listed(history: InventoryHistory, span: Span) -> dict[str, list[str]]:
    """Return the cameras of each site that were in the inventory at any time."""
    moments = [span.from_ms, *history.changes(span.from_ms, span.to_ms)]
    keys: set[CameraKey] = set().union(*(history.at(ms).cameras.keys() for ms in moments))
    found: dict[str, list[str]] = {}
    for site, camera in sorted(keys):
        found.setdefault(site, []).append(camera)
    return found
