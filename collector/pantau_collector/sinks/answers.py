"""What a time-series server may answer to a write.

204 means that all lines are stored, in the API of version 1 and in that of version 2. No other status does: a
proxy, a login page or another program may answer 200, and an InfluxDB before 1.0 answered it for "understood, not
done".

SinkError
├── RefusedError      400, 422   the server will never take some lines; it may have stored the others of the write
├── TooLargeError     413        the same lines may be taken in smaller parts
└── RetryLaterError              the lines are to be kept and written again
    400, 422 with a web page     a proxy refused the request; the server has not seen the lines
    401, 403                     the credentials are wrong
    404                          the server has no such database, bucket or path
    429, 503                     the server is busy, and may say for how long
    any other, or no answer
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pantau_collector.web_page import is_web_page

MAX_RETRY_AFTER_S = 900.0
"""Seconds for which a server's `Retry-After` is honoured at most."""
_STORED = 204
"""The only status by which a server states that it has stored all lines."""
_REFUSALS = frozenset({400, 422})
"""The statuses by which a server refuses lines for good."""
_FIRST_ERROR = 400
"""The lowest status that reports an error; what is below, other than 204, is not an answer to a write."""
_MAX_TEXT = 500
"""Characters of a server's answer that are shown at most."""
_DROPPED = re.compile(r"dropped=(\d+)")


class SinkError(Exception):
    """The server did not take a write, or not all of it; the text says why, without secrets."""


class RefusedError(SinkError):
    """The server will never take some of the lines. `dropped` is their number, or 0 if the server does not say."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        found = _DROPPED.search(text)
        self.dropped = int(found[1]) if found else 0


class TooLargeError(SinkError):
    """The write is larger than the server accepts."""


class RetryLaterError(SinkError):
    """The lines are to be kept and written again, after `retry_after_s` at the earliest."""

    def __init__(self, text: str, retry_after_s: float = 0.0) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


def raise_for(status: int, body: bytes, retry_after: str | None, *, server: str, no_database: str) -> None:
    """Raise the error that corresponds to an answer, unless the server took all lines.

    `server` names the server for the operator; `no_database` says what to do if it has no place for the lines.

    Raises:
        SinkError: the server did not take the lines, or not all of them.
    """
    if status == _STORED:
        return
    text = _text(body)
    match status:
        case _ if status in _REFUSALS and not is_web_page(body):
            raise RefusedError(text)
        case 413:
            raise TooLargeError(text)
        case 401 | 403:
            raise RetryLaterError(
                f"{server} does not let us write ({status}: {text}): check the credentials in [influx]"
            )
        case 404:
            raise RetryLaterError(f"{server}: {text}; {no_database}")
        case 429 | 503:
            raise RetryLaterError(f"{server} is busy ({status}: {text})", _seconds(retry_after))
        case _ if status < _FIRST_ERROR or status in _REFUSALS:
            raise RetryLaterError(
                f"{server} answered {status} instead of {_STORED}, as if another program, such as a proxy or a"
                f" login page, were at this address: {text}"
            )
        case _:
            raise RetryLaterError(f"{server} answered {status}: {text}")


def _text(body: bytes) -> str:
    """Return InfluxDB's `error` or `message`, or else the beginning of the body."""
    text = body.decode(errors="replace")
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if isinstance(content, dict):
        text = str(content.get("error") or content.get("message") or text)
    return " ".join(text.split())[:_MAX_TEXT] or "without a text"


def _seconds(retry_after: str | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float:
    """Return the seconds of `Retry-After` (RFC 9110, 10.2.3), a number or a date; 0 if it is absent or neither."""
    if retry_after is None:
        return 0.0
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after) - now()).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)
