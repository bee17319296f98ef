"""Finds out whether a time-series server is open to everyone who reaches it, as InfluxDB 1 is by default."""

from urllib.parse import urlencode

from pantau_collector.config import InfluxV1, InfluxV2
from pantau_collector.exchanges import ExchangeError, HttpClient

_WITHIN_S = 5.0
"""Seconds for the request."""


def open_access(config: InfluxV1 | InfluxV2) -> str | None:
    """Return a warning if the server does what it is asked without a login; None if not, or if it is silent."""
    if isinstance(config, InfluxV1):
        method, path = "GET", f"/query?{urlencode({'q': 'SHOW DATABASES'})}"
    else:  # what it answers to no lines at all: nothing, or that it wants a token
        method, path = "POST", f"/api/v2/write?{urlencode({'org': config.org, 'bucket': config.bucket})}"
    client = HttpClient(within_s=_WITHIN_S)
    try:
        answer = client.request(method, config.url + path, body=b"" if method == "POST" else None)
    except ExchangeError:
        return None
    finally:
        client.close()
    if not 200 <= answer.status < 300:
        return None
    return (
        f"the server at {config.url} asks nobody for a login: whoever reaches it can read and delete all points."
        " Bind it to loopback, switch authentication on, and make a user for writing and one for reading:"
        " collector/README.md, Install"
    )
