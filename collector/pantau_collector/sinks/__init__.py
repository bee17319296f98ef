"""Writes the journal into a time-series database, and sets that database up."""

from pantau_collector.sinks.open_series_store import open_series_store
from pantau_collector.sinks.sink_writer import SinkWriter

__all__ = ["SinkWriter", "open_series_store"]
