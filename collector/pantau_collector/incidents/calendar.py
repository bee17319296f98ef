"""When each downtime begins and ends."""

from collections.abc import Iterable

from pantau_collector.incidents.downtime import Downtime, DowntimeError, check, occurrence

_RECHECK_MS = 86_400_000
"""Milliseconds after which a downtime is evaluated again at the latest: only ten years are searched."""


class Calendar:
    """All downtimes. Times are UTC ms."""

    def __init__(self) -> None:
        self._downtimes: dict[int, Downtime] = {}
        self._under_way: set[int] = set()
        self._change_ms: dict[int, int] = {}
        """When each downtime must be evaluated again."""
        self._next_ms = 0.0
        self._advanced_ms = 0
        self.active: list[Downtime] = []
        """The downtimes that are under way, the oldest first."""
        self.unusable: dict[int, str] = {}
        """Why a downtime is set aside, by its number; the others are unaffected."""

    def set_downtimes(self, downtimes: Iterable[Downtime]) -> None:
        """Replace all downtimes. Those that cannot be evaluated are set aside."""
        by_id = {downtime.id: downtime for downtime in downtimes}
        if by_id == self._downtimes:
            return
        changed = {each.id for each in by_id.values() if self._downtimes.get(each.id) != each}
        removed = self._downtimes.keys() - by_id.keys()
        for number in changed | removed:
            self.unusable.pop(number, None)
            self._change_ms.pop(number, None)
            self._under_way.discard(number)
        self._downtimes, self._next_ms = by_id, 0.0
        for number in sorted(changed):
            try:
                check(by_id[number])
            except DowntimeError as error:
                self.unusable[number] = str(error)
            else:
                self._change_ms[number] = 0

    @property
    def usable(self) -> list[Downtime]:
        """The downtimes that can be evaluated, the oldest first."""
        return [self._downtimes[number] for number in sorted(self._downtimes.keys() - self.unusable.keys())]

    def advance(self, now_ms: int) -> bool:
        """Move on to this time, and return True if a downtime has begun or ended since the last call."""
        if now_ms < self._advanced_ms:
            # The clock was set back: everything is evaluated again.
            self._change_ms, self._next_ms = dict.fromkeys(self._change_ms, 0), 0.0
        self._advanced_ms = now_ms
        if now_ms < self._next_ms:
            return False
        for number, change_ms in self._change_ms.items():
            if change_ms <= now_ms:
                self._evaluate(number, now_ms)
        self._next_ms = min(self._change_ms.values(), default=float("inf"))
        before, self.active = self.active, [self._downtimes[number] for number in sorted(self._under_way)]
        return self.active != before

    def _evaluate(self, number: int, now_ms: int) -> None:
        found = occurrence(self._downtimes[number], now_ms)
        under_way = found is not None and found.start_ms <= now_ms
        (self._under_way.add if under_way else self._under_way.discard)(number)
        next_ms = now_ms + _RECHECK_MS
        if found is not None:
            next_ms = min(next_ms, found.end_ms if under_way else found.start_ms)
        self._change_ms[number] = next_ms
