"""Reads the ledger: the intervals of cameras, and their sums, for any period."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Connection

from pantau_collector.incidents.coverage import Coverage
from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.incidents.topology import Topology
from pantau_collector.inventory import Inventory
from pantau_collector.inventory.history import InventoryHistory
from pantau_collector.ledger import rows
from pantau_collector.ledger.bucket import Bucket, Evidence
from pantau_collector.ledger.claims import Claim, state_of
from pantau_collector.ledger.facts import CAMERA, Boot
from pantau_collector.ledger.interval import Interval, Totals, joined, total
from pantau_collector.ledger.lives import AWAY_AROUND_MS, History, lives
from pantau_collector.ledger.planned import planned_spans
from pantau_collector.ledger.roots import TOGETHER_MS, Site
from pantau_collector.ledger.spans import FOREVER_MS, Span, union
from pantau_collector.store import Store, downtime_rows
from pantau_contract.states import State

_AROUND_MS = 2 * TOGETHER_MS
"""Milliseconds before and after a period that decide about it."""
_CLAIMS_AT_ONCE = 50
_INVENTORIES_KEPT = 64
"""Inventories of different times whose connections are kept."""
_LASTING = {State.DOWN, State.UNKNOWN}
"""States that are judged from their beginning on."""


class Ledger:
    """The intervals of all cameras. Any thread may read; what is not known yet is `not_known`.

    How cameras are connected, which devices are power supplies, and what planned maintenance covers is as it was
    at each moment, or as `inventory` has it if that is a single inventory.
    """

    def __init__(self, store: Store, inventory: Inventory | InventoryHistory) -> None:
        self._store = store
        self._inventory = (
            inventory if isinstance(inventory, InventoryHistory) else InventoryHistory((), otherwise=inventory)
        )
        self._connections = lru_cache(_INVENTORIES_KEPT)(_Connections)

    def cameras(self) -> list[tuple[str, str]]:
        """Return site and id of every camera that was ever measured, in order.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._store.begin() as connection:
            return rows.load_cameras(connection, CAMERA)

    def intervals(self, site: str, camera: str, from_ms: int, to_ms: int) -> list[Interval]:
        """Return the intervals of a camera in a period (UTC ms), from its beginning to its end without gaps.

        A camera that was never measured is not known all the time.

        Raises:
            StoreError: the store cannot be read.
        """
        found = self.site_intervals(site, from_ms, to_ms).get(camera)
        return never_measured(from_ms, to_ms) if found is None else found

    def site_intervals(self, site: str, from_ms: int, to_ms: int) -> dict[str, list[Interval]]:
        """Return the intervals of each camera of a site that was ever measured; see `intervals`.

        Raises:
            StoreError: the store cannot be read.
        """
        if from_ms >= to_ms:
            return {}
        with self._store.begin() as connection:
            subjects = rows.load_site_subjects(connection, site)
            claims = rows.load_site_claims(connection, site, from_ms - _AROUND_MS, to_ms + _AROUND_MS)
            for subject, its in claims.items():
                claims[subject] = _from_beginning(connection, subject, its)
            boots = rows.load_site_boots(connection, site)
            around = _around(claims.values(), Span(from_ms - _AROUND_MS, to_ms + _AROUND_MS), boots)
            runs = rows.load_site_runs(connection, site, *around)
            starts = rows.load_site_starts(connection, site)
            attentive = rows.load_attention(connection, from_ms - AWAY_AROUND_MS, to_ms + AWAY_AROUND_MS)
            downtimes = downtime_rows.load_downtimes(connection).downtimes
        of_subject = {subjects[number]: its for number, its in claims.items()}
        cameras = [subject.name for subject in of_subject if subject.kind == CAMERA]
        found: dict[str, list[Interval]] = {camera: [] for camera in cameras}
        for span in self._inventory.spans(site, from_ms, to_ms):
            connections = self._connections(span.inventory)
            period = Span(span.from_ms, span.to_ms)
            history = History(
                runs=runs,
                starts=starts,
                boots=boots,
                claims=of_subject,
                attentive=attentive,
                site=connections.site(site),
                planned=connections.planned(site, cameras, downtimes, period),
            )
            for camera, life in lives(history, *period).items():
                found[camera] += life
        return {camera: joined(life) for camera, life in found.items()}

    def buckets(self, site: str, camera: str, from_ms: int, to_ms: int) -> Totals:
        """Return how many milliseconds of a period a camera spent in each bucket; they sum to the period.

        Raises:
            StoreError: the store cannot be read.
        """
        return total(self.intervals(site, camera, from_ms, to_ms))


class _Connections:
    """What is connected how, and whose it is, in one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._topology = Topology(inventory)
        self._coverage = Coverage(inventory, self._topology)
        self._supplies: dict[str, set[str]] = {}
        for (site, device), known in inventory.devices.items():
            if known.kind == "supply":
                self._supplies.setdefault(site, set()).add(device)

    def site(self, site: str) -> Site:
        """Return how the cameras of a site are connected."""
        return Site(self._topology.devices(site), frozenset(self._supplies.get(site, ())))

    def planned(
        self, site: str, cameras: Iterable[str], downtimes: Sequence[Downtime], period: Span
    ) -> dict[str, list[Span]]:
        """Return the planned maintenance of each camera of a site in a period."""
        by_target: dict[tuple[Scope, str], list[Downtime]] = {}
        for downtime in downtimes:
            by_target.setdefault((downtime.scope, downtime.target), []).append(downtime)
        spans: dict[tuple[Scope, str], list[Span]] = {}
        planned: dict[str, list[Span]] = {}
        for camera in cameras:
            covering = []
            for target in self._coverage.of_camera(site, camera):
                if target in by_target:
                    if target not in spans:
                        spans[target] = planned_spans(by_target[target], period)
                    covering += spans[target]
            planned[camera] = union(covering)
        return planned


def _from_beginning(connection: Connection, subject: int, claims: list[Claim]) -> list[Claim]:
    """Return the claims with those before them, back to the one before the outage that is under way at first."""
    while claims and state_of(claims[0].condition) in _LASTING:
        earlier = rows.load_claims_before(connection, subject, claims[0].from_ms, _CLAIMS_AT_ONCE)
        if not earlier:
            break
        others = [i for i, claim in enumerate(earlier) if state_of(claim.condition) not in _LASTING]
        claims = [*earlier[others[-1] if others else 0 :], *claims]
    return claims


def _around(claims: Iterable[Sequence[Claim]], period: Span, boots: Mapping[str, Boot]) -> Span:
    """Return the stretch whose batches decide about a period.

    It reaches back to the end of the first claim about each camera, and on to the beginning of the last, if these
    lie outside; and to the end of time, if batches without a time may be about an earlier gap.
    """
    from_ms, to_ms = period
    for its in claims:
        first, last = its[0], its[-1]
        from_ms = min(from_ms, first.to_ms)
        to_ms = max(to_ms, last.from_ms)
    return Span(from_ms, FOREVER_MS if any(boot.undated_ms for boot in boots.values()) else to_ms)


def never_measured(from_ms: int, to_ms: int) -> list[Interval]:
    """Return the life of a camera that was never measured, in a period (UTC ms)."""
    if from_ms >= to_ms:
        return []
    unknown = Bucket.NOT_KNOWN
    return [Interval(from_ms, to_ms, unknown, unknown, unknown, State.UNKNOWN, None, Evidence.NONE)]
