"""InfluxDB 2.x and 3.x, and what else takes `POST /api/v2/write`, through influxdb-client."""

from collections.abc import Mapping
from typing import Any

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from pantau_collector.config import InfluxV2
from pantau_collector.sinks.answers import NotNow, raise_for

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
_MS: Any = "ms"  # what WritePrecision.MS is, though the library's types say otherwise


class InfluxV2Store:
    """Writes synchronously: the client's batching mode drops points on 4xx, and its `flush()` is empty."""

    def __init__(self, config: InfluxV2, *, compress: bool = False) -> None:
        self.name = f"InfluxDB at {config.url}, bucket {config.bucket}"
        self._bucket = config.bucket
        self._org = config.org
        self._client = InfluxDBClient(
            config.url,
            token=config.token.get_secret_value() if config.token else "",
            org=config.org,
            timeout=(CONNECT_TIMEOUT_S * 1000, READ_TIMEOUT_S * 1000),
            enable_gzip=compress,
        )
        self._write_api = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, lines: bytes) -> None:
        """Writes lines.

        Raises:
            SinkError: they were not, or not wholly, taken.
        """
        try:
            self._write_api.write(self._bucket, self._org, lines, write_precision=_MS)
        except ApiException as error:
            headers: Mapping[str, str] = error.headers or {}
            raise_for(
                error.status or 0,
                error.body or error.reason or "",
                headers.get("Retry-After"),
                server=self.name,
                no_database="create the bucket, or mend influx.bucket and influx.org",
            )
        except (urllib3.exceptions.HTTPError, UnicodeDecodeError) as error:
            raise NotNow(f"{self.name} cannot be reached: {type(error).__name__}") from None

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()  # type: ignore[no-untyped-call] # the library has no type here
