"""When each downtime begins and ends."""

from collections.abc import Iterable

from pantau_collector.incidents.downtime import Downtime, occurrence


class Calendar:
    """All downtimes. Times are UTC ms."""

    def __init__(self) -> None:
        self._downtimes: dict[int, Downtime] = {}
        self._next_ms = 0.0
        self.active: list[Downtime] = []
        """The downtimes that are under way, the oldest first."""

    def set_downtimes(self, downtimes: Iterable[Downtime]) -> None:
        """Replace all downtimes."""
        by_id = {downtime.id: downtime for downtime in downtimes}
        if by_id != self._downtimes:
            self._downtimes, self._next_ms = by_id, 0.0

    def advance(self, now_ms: int) -> bool:
        """Move on to this time, and return True if a downtime has begun or ended since the last call."""
        if now_ms < self._next_ms:
            return False
        before, self.active = self.active, []
        self._next_ms = float("inf")
        for number in sorted(self._downtimes):
            found = occurrence(self._downtimes[number], now_ms)
            if found is None:
                continue
            begun = found.start_ms <= now_ms
            if begun:
                self.active.append(self._downtimes[number])
            self._next_ms = min(self._next_ms, found.end_ms if begun else found.start_ms)
        return self.active != before
