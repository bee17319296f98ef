"""The journal into time series."""

from pantau_collector.sinks.drain import Drain
from pantau_collector.sinks.open_store import open_store

__all__ = ["Drain", "open_store"]
