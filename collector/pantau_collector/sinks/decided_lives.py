"""The lives of a site's cameras as the days in the series tell them: the ledger, and what people decided."""

from collections.abc import Callable, Hashable, Mapping, Sequence

from pantau_collector.attribution import DecidedLedger, load_decisions
from pantau_collector.inventory import Inventory
from pantau_collector.inventory.history import InventoryHistory
from pantau_collector.ledger import Interval
from pantau_collector.sinks.camera_days import Belonging
from pantau_collector.store import Store, downtime_rows, inventory_rows


class DecidedLives:
    """Reads intervals as people decided, with the inventory as it was at each time.

    `inventory` returns the one that counts if none was ever recorded. What is loaded stays until it has changed.
    """

    def __init__(self, store: Store, inventory: Callable[[], Inventory]) -> None:
        self._store = store
        self._inventory = inventory
        self._basis: Hashable = None
        self._ledger = DecidedLedger(store, inventory())

    def open(self) -> Hashable:
        """Take decisions and inventory as they are now.

        Return what the past depends on beside the ledger's own facts: it differs whenever any of that has changed.

        Raises:
            StoreError: the state cannot be read.
        """
        inventory = self._inventory()
        with self._store.begin() as connection:
            basis = (
                inventory,
                inventory_rows.newest_ids(connection),
                tuple((each.id, each.to_ms) for each in load_decisions(connection, with_before=False)),
                tuple((each.id, each.cancelled_ms) for each in downtime_rows.load_downtimes(connection).downtimes),
            )
        if basis != self._basis:
            self._ledger = DecidedLedger(self._store, inventory)
            self._basis = basis
        return basis

    @property
    def history(self) -> InventoryHistory:
        """The inventory as it was at each time."""
        return self._ledger.history

    def cameras(self) -> list[tuple[str, str]]:
        """Return site and id of every camera that was ever measured, in order.

        Raises:
            StoreError: the state cannot be read.
        """
        return self._ledger.ledger.cameras()

    def of_site(self, site: str, from_ms: int, to_ms: int) -> Mapping[str, Sequence[Interval]]:
        """Return the intervals of each camera of a site in a period (UTC ms), without gaps.

        Raises:
            StoreError: the state cannot be read.
        """
        return self._ledger.site_intervals(site, from_ms, to_ms)

    def belongs(self, site: str, camera: str) -> Belonging:
        """Return to whom a camera belongs, by the present inventory."""
        inventory = self._inventory()
        known = inventory.camera(site, camera)
        names = (inventory.owner_name(known.owner), inventory.maintainer_name(known.maintainer))
        return Belonging(*names, known.project)
