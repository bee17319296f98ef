"""The ledger as people decided, by the inventory as it was at each time."""

from pantau_collector.attribution.decided import Decisions
from pantau_collector.attribution.rows import load_decisions
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Interval, Ledger
from pantau_collector.store import Store, inventory_rows


class DecidedLedger:
    """Reads what is known now: decisions and the inventory's history are loaded once, for any number of sites.

    `ledger` has the evidence alone.
    """

    def __init__(self, store: Store, inventory: Inventory) -> None:
        """Load decisions and history; `inventory` is that of all times if none was ever recorded.

        Raises:
            StoreError: the store cannot be read.
        """
        with store.begin() as connection:
            self.history = inventory_rows.load_history(connection, otherwise=inventory)
            decisions = load_decisions(connection, with_before=False)
        self.ledger = Ledger(store, self.history)
        self._by_camera = Decisions(decisions)

    def site_intervals(self, site: str, from_ms: int, to_ms: int) -> dict[str, list[Interval]]:
        """Return the intervals of each camera of a site that was ever measured in a period (UTC ms), as decided.

        Raises:
            StoreError: the store cannot be read.
        """
        lives = self.ledger.site_intervals(site, from_ms, to_ms)
        return {camera: self._by_camera.apply(site, camera, its) for camera, its in lives.items()}
