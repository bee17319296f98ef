"""The ledger: where every millisecond of each camera's life went, and on what evidence.

    ledger = Ledger(store, history)                       # an InventoryHistory, or one Inventory for all times
    ledger.cameras()                                      # every (site, camera) that is known
    ledger.intervals(site, camera, from_ms, to_ms)        # contiguous Intervals, the first begins at from_ms
    ledger.site_intervals(site, from_ms, to_ms)           # those of all cameras of a site, by camera
    ledger.buckets(site, camera, from_ms, to_ms)          # Totals: milliseconds by bucket; they sum to the period

Times are UTC epoch milliseconds; a period includes its beginning and not its end. What is returned depends on what
was received, on the inventory's history and on the planned maintenance, not on the order in which it was received.
"""

from pantau_collector.ledger.bucket import Bucket, Evidence
from pantau_collector.ledger.interval import Interval, Totals
from pantau_collector.ledger.ledger import Ledger

__all__ = ["Bucket", "Evidence", "Interval", "Ledger", "Totals"]
