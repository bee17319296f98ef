"""Writing lines to a time-series server by HTTP: the part that InfluxDB 1.x, 2.x and 3.x have in common."""

import gzip
from collections.abc import Mapping

from pantau_collector.exchanges import ExchangeError, HttpClient
from pantau_collector.sinks.answers import RetryLaterError, raise_for

WITHIN_S = 60.0
"""Seconds for which a whole write may take, from the connection to the server's answer."""


class HttpStore:
    """Writes lines by POST over one connection that is kept open.

    `compress` pays off where the network is slower than a processor core.
    """

    def __init__(
        self, name: str, url: str, headers: Mapping[str, str], *, no_database: str, compress: bool
    ) -> None:
        """Prepare the store; it connects when it is first written to.

        Args:
            name: the server's name for the operator.
            url: the address to post lines to, with its query.
            headers: the credentials.
            no_database: advice for the operator if the server has no place for the lines.
            compress: compress lines with gzip.
        """
        self.name = name
        self._url = url
        self._no_database = no_database
        self._compress = compress
        sent = {"Content-Type": "text/plain; charset=utf-8", **headers}
        if compress:
            sent["Content-Encoding"] = "gzip"
        self._client = HttpClient(within_s=WITHIN_S, headers=sent)

    def write(self, lines: bytes) -> None:
        """Write lines.

        Raises:
            SinkError: the server did not take them, or not all of them.
        """
        body = gzip.compress(lines, compresslevel=1) if self._compress else lines
        try:
            answer = self._client.request("POST", self._url, body=body)
        except ExchangeError as error:
            raise RetryLaterError(f"{self.name} {error}") from None
        raise_for(
            answer.status,
            answer.body,
            answer.headers.get("Retry-After"),
            server=self.name,
            no_database=self._no_database,
        )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
