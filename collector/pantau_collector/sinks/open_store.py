"""The store that a configuration names."""

from urllib.parse import urlsplit

from pantau_collector.config import InfluxV1, InfluxV2
from pantau_collector.sinks.deliver import Store
from pantau_collector.sinks.influx_v1 import InfluxV1Store
from pantau_collector.sinks.influx_v2 import InfluxV2Store

_HERE = {"localhost", "127.0.0.1", "::1"}


def open_store(config: InfluxV1 | InfluxV2) -> Store:
    """The store; it connects when it is first written to. What leaves the machine is compressed."""
    compress = urlsplit(config.url).hostname not in _HERE
    if isinstance(config, InfluxV1):
        return InfluxV1Store(config, compress=compress)
    return InfluxV2Store(config, compress=compress)
