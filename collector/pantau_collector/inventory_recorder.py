"""Records each inventory that the collector works with, so that it is known later what was whose at which time."""

from collections.abc import Callable

from pantau_collector.inventory import Inventory
from pantau_collector.periodic import PeriodicThread
from pantau_collector.store import Store, StoreError, inventory_rows

CHECK_EVERY_S = 1.0
"""Seconds from one look at whether the inventory was replaced to the next."""


class InventoryRecorder:
    """Records what `current` returns whenever it is another inventory than before, on its own thread."""

    def __init__(self, store: Store, current: Callable[[], Inventory], time_ms: Callable[[], int]) -> None:
        self._store = store
        self._current = current
        self._time_ms = time_ms
        self._recorded: Inventory | None = None
        self._thread = PeriodicThread(
            "inventory-recorder",
            self._step,
            failure="the inventory's changes are not recorded yet",
            retry_s=CHECK_EVERY_S,
            expected=(StoreError,),
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step under way."""
        self._thread.stop()

    def record_if_replaced(self) -> None:
        """Record the inventory's changes if it was loaded anew.

        Raises:
            StoreError: nothing was recorded; the next call tries again.
        """
        inventory = self._current()
        if inventory is not self._recorded:
            with self._store.begin() as connection:
                inventory_rows.record_inventory(connection, inventory, now_ms=self._time_ms())
            self._recorded = inventory

    def _step(self) -> float:
        self.record_if_replaced()
        return CHECK_EVERY_S
