"""The collector's state in SQL (SQLite by default): the fleet, incidents, notices, the outbox, and cursors."""

from pantau_collector.store.database import Store, StoreError

__all__ = ["Store", "StoreError"]
