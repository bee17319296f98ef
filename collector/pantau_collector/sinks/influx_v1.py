"""InfluxDB 1.x: `POST /write`."""

import gzip
from urllib.parse import urlencode

import urllib3

from pantau_collector.config import InfluxV1
from pantau_collector.sinks.answers import NotNow, raise_for

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0


class InfluxV1Store:
    """One connection, kept open. `compress` is worth it where the network is slower than a core."""

    def __init__(self, config: InfluxV1, *, compress: bool = False) -> None:
        self.name = f"InfluxDB at {config.url}, database {config.database}"
        self._no_database = (
            f"create it with: influx -execute 'CREATE DATABASE \"{config.database}\"', or mend influx.database"
        )
        self._url = f"{config.url}/write?{urlencode({'db': config.database, 'precision': 'ms'})}"
        self._compress = compress
        self._headers = {"Content-Type": "text/plain; charset=utf-8"}
        if compress:
            self._headers["Content-Encoding"] = "gzip"
        if config.user is not None:
            password = config.password.get_secret_value() if config.password else ""
            credentials = f"{config.user}:{password}".encode()
            self._headers |= urllib3.make_headers(basic_auth=credentials.decode())
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
        self._pool = urllib3.PoolManager(maxsize=1, retries=False, timeout=timeout)

    def write(self, lines: bytes) -> None:
        """Writes lines.

        Raises:
            SinkError: they were not, or not wholly, taken.
        """
        body = gzip.compress(lines, compresslevel=1) if self._compress else lines
        try:
            answer = self._pool.request("POST", self._url, body=body, headers=self._headers)
        except urllib3.exceptions.HTTPError as error:
            raise NotNow(f"{self.name} cannot be reached: {type(error).__name__}") from None
        raise_for(
            answer.status,
            answer.data,
            answer.headers.get("Retry-After"),
            server=self.name,
            no_database=self._no_database,
        )

    def close(self) -> None:
        """Closes the connection."""
        self._pool.clear()
