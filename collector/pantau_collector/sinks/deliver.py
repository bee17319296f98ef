"""Lines to a store: what it takes is in it, and of what it refuses each line is found with the server's words."""

from collections.abc import Sequence
from typing import Protocol

from pantau_collector.deadletter import DeadLetter
from pantau_collector.sinks.answers import Refused, SinkError, TooLarge


class Store(Protocol):
    """A time-series server."""

    name: str
    """For the operator: kind and address."""

    def write(self, lines: bytes) -> None:
        """Writes lines, with times in milliseconds. Writing them again changes nothing.

        Raises:
            SinkError: they were not, or not wholly, taken.
        """

    def close(self) -> None:
        """Closes the connection."""


def deliver(store: Store, lines: Sequence[str]) -> list[DeadLetter]:
    """Writes the lines and returns those that the server will never take, with its words.

    InfluxDB's 400 may mean "partly stored", and names at most the first bad line. So a refused write is halved
    until what is bad stands alone; good lines are written more than once by it, which changes nothing. Where the
    server says that it dropped as many as there were, all are bad.

    Raises:
        NotNow: keep the lines, all of them, and deliver them again later.
    """
    if not lines:
        return []
    try:
        store.write("\n".join(lines).encode(errors="replace"))
    except Refused as refused:
        if len(lines) == 1 or refused.dropped >= len(lines):
            return [_dead(line, refused) for line in lines]
    except TooLarge as large:
        if len(lines) == 1:
            return [_dead(lines[0], large)]
    else:
        return []
    half = len(lines) // 2
    return deliver(store, lines[:half]) + deliver(store, lines[half:])


def _dead(line: str, answer: SinkError) -> DeadLetter:
    measurement = line.partition(",")[0]
    return DeadLetter(measurement, str(answer), line.encode(errors="replace"))
