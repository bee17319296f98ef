"""What a time-series server can answer to a write.

SinkError
├── Refused      400, 422   lines that it will never take; the others of the same write may be stored
├── TooLarge     413        the same lines in smaller parts
└── NotNow                  keep the lines and try again
    401, 403                the credentials are wrong
    404                     there is no such database, bucket or path
    429, 503                it is busy, and may say for how long
    any other, no answer
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER_S = 900.0
_MAX_WORDS = 500
_DROPPED = re.compile(r"dropped=(\d+)")


class SinkError(Exception):
    """A write was not, or not wholly, taken; the text says why, without secrets."""


class Refused(SinkError):  # noqa: N818 - it is the server's answer
    """Lines that the server will never take. `dropped` is how many, where it says so."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        found = _DROPPED.search(words)
        self.dropped = int(found[1]) if found else 0


class TooLarge(SinkError):  # noqa: N818 - it is the server's answer
    """The write is larger than the server takes."""


class NotNow(SinkError):  # noqa: N818 - it is the server's answer
    """The lines are to be kept and written again, not before `retry_after_s`."""

    def __init__(self, words: str, retry_after_s: float = 0.0) -> None:
        super().__init__(words)
        self.retry_after_s = retry_after_s


def raise_for(status: int, body: str | bytes, retry_after: str | None, *, server: str, no_database: str) -> None:
    """Raises what an answer means, unless it is that all lines were taken.

    `server` names the server to the operator; `no_database` tells what to do when it has no place for the lines.

    Raises:
        SinkError: the lines were not, or not wholly, taken.
    """
    if 200 <= status < 300:
        return
    words = _words(body)
    match status:
        case 400 | 422:
            raise Refused(words)
        case 413:
            raise TooLarge(words)
        case 401 | 403:
            raise NotNow(f"{server} does not let us write ({status}: {words}): check the credentials in [influx]")
        case 404:
            raise NotNow(f"{server}: {words}; {no_database}")
        case 429 | 503:
            raise NotNow(f"{server} is busy ({status}: {words})", _seconds(retry_after))
        case _:
            raise NotNow(f"{server} answered {status}: {words}")


def _words(body: str | bytes) -> str:
    """What the server said: InfluxDB's `error` or `message`, else the beginning of the text."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if isinstance(content, dict):
        text = str(content.get("error") or content.get("message") or text)
    return " ".join(text.split())[:_MAX_WORDS] or "without a word"


def _seconds(retry_after: str | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float:
    """`Retry-After` (RFC 9110, 10.2.3), which is seconds or a date; 0 when it is absent or neither."""
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
