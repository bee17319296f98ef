"""The collector's state in SQL: fleet, incidents, outbox, cursor. SQLite by default."""

from pantau_collector.store.database import Store, StoreError

__all__ = ["Store", "StoreError"]
