"""Opens the time-series store that a configuration names."""

from urllib.parse import urlsplit

from pantau_collector.config import InfluxV1, InfluxV2
from pantau_collector.sinks.deliver import SeriesStore
from pantau_collector.sinks.influx_v1 import InfluxV1Store
from pantau_collector.sinks.influx_v2 import InfluxV2Store

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def open_series_store(config: InfluxV1 | InfluxV2) -> SeriesStore:
    """Return the store, which connects when it is first written to and compresses what leaves the machine."""
    compress = urlsplit(config.url).hostname not in _LOOPBACK
    if isinstance(config, InfluxV1):
        return InfluxV1Store(config, compress=compress)
    return InfluxV2Store(config, compress=compress)
