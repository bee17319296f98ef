"""When each maintenance begins and ends."""

from collections.abc import Iterable

from pantau_collector.incidents.downtime import Downtime, occurrence


class Calendar:
    """All maintenances. Times are UTC ms."""

    def __init__(self) -> None:
        self._downtimes: dict[int, Downtime] = {}
        self._next_ms = 0.0
        self.under_way: list[Downtime] = []
        """Those that are now, the oldest first."""

    def take(self, downtimes: Iterable[Downtime]) -> None:
        """These there are from now on."""
        kept = {downtime.id: downtime for downtime in downtimes}
        if kept != self._downtimes:
            self._downtimes, self._next_ms = kept, 0.0

    def advance(self, now_ms: int) -> bool:
        """Whether one has begun or ended since."""
        if now_ms < self._next_ms:
            return False
        before, self.under_way = self.under_way, []
        self._next_ms = float("inf")
        for number in sorted(self._downtimes):
            found = occurrence(self._downtimes[number], now_ms)
            if found is None:
                continue
            begun = found.start_ms <= now_ms
            if begun:
                self.under_way.append(self._downtimes[number])
            self._next_ms = min(self._next_ms, found.end_ms if begun else found.start_ms)
        return self.under_way != before
