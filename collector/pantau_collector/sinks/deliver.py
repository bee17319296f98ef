"""Delivers lines to a time-series store, and finds each line that the store refuses, with its reason."""

from collections.abc import Sequence
from typing import Protocol

from pantau_collector.deadletter import DeadLetter
from pantau_collector.sinks.answers import RefusedError, SinkError, TooLargeError


class SeriesStore(Protocol):
    """A place on a time-series server that lines are written to."""

    name: str
    """The server's kind and address, for the operator."""

    def write(self, lines: bytes) -> None:
        """Write lines, with times in milliseconds. Writing the same lines again changes nothing.

        Raises:
            SinkError: the server did not take them, or not all of them.
        """

    def close(self) -> None:
        """Close the connection."""


def deliver(store: SeriesStore, lines: Sequence[str]) -> list[DeadLetter]:
    """Write lines, and return those that the server will never take, with its reason.

    InfluxDB's 400 may mean "partly stored", and names at most the first bad line. So a refused write is halved
    until each bad line stands alone; good lines are thereby written more than once, which changes nothing. If the
    server says that it dropped as many lines as there were, all of them are bad.

    Raises:
        RetryLaterError: all lines are to be kept and delivered again later.
    """
    if not lines:
        return []
    try:
        store.write("\n".join(lines).encode(errors="replace"))
    except RefusedError as refused:
        if len(lines) == 1 or refused.dropped >= len(lines):
            return [_dead_letter(line, refused) for line in lines]
    except TooLargeError as large:
        if len(lines) == 1:
            return [_dead_letter(lines[0], large)]
    else:
        return []
    half = len(lines) // 2
    return deliver(store, lines[:half]) + deliver(store, lines[half:])


def _dead_letter(line: str, answer: SinkError) -> DeadLetter:
    measurement = line.partition(",")[0]
    return DeadLetter(measurement, str(answer), line.encode(errors="replace"))
