"""InfluxDB 1.x: `POST /write`."""

from urllib.parse import urlencode

import urllib3

from pantau_collector.config import InfluxV1
from pantau_collector.sinks.http_store import HttpStore


class InfluxV1Store(HttpStore):
    """A database of an InfluxDB 1.x."""

    def __init__(self, config: InfluxV1, *, compress: bool = False) -> None:
        headers: dict[str, str] = {}
        if config.user is not None:
            password = config.password.get_secret_value() if config.password else ""
            headers = dict(urllib3.make_headers(basic_auth=f"{config.user}:{password}"))
        super().__init__(
            f"InfluxDB at {config.url}, database {config.database}",
            f"{config.url}/write?{urlencode({'db': config.database, 'precision': 'ms'})}",
            headers,
            no_database=(
                f"create it with: influx -execute 'CREATE DATABASE \"{config.database}\"', or mend influx.database"
            ),
            compress=compress,
        )
