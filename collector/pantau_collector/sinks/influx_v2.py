"""InfluxDB 2.x and 3.x, and other servers that accept `POST /api/v2/write`."""

from urllib.parse import urlencode

from pantau_collector.config import InfluxV2
from pantau_collector.sinks.http_store import HttpStore


class InfluxV2Store(HttpStore):
    """A bucket of an InfluxDB 2.x."""

    def __init__(self, config: InfluxV2, *, compress: bool = False) -> None:
        query = urlencode({"org": config.org, "bucket": config.bucket, "precision": "ms"})
        token = config.token.get_secret_value() if config.token else ""
        super().__init__(
            f"InfluxDB at {config.url}, bucket {config.bucket}",
            f"{config.url}/api/v2/write?{query}",
            {"Authorization": f"Token {token}"} if token else {},
            no_database="create the bucket, or mend influx.bucket and influx.org",
            compress=compress,
        )
