"""Tells the dead letters what was dropped of sites that send too much: one letter a site and minute, not each."""

import threading
from dataclasses import dataclass

from pantau_collector.deadletter import DeadLetter
from pantau_collector.intake.buffered_socket import MAX_PACKET
from pantau_contract.topics import PREFIX

REPORT_EVERY_S = 60.0
"""Seconds from one report about a site to the next; the first comes at once."""


@dataclass(slots=True)
class _Drops:
    messages: int = 0
    size: int = 0
    largest: int = 0
    reported_s: float = float("-inf")


class DropReports:
    """Counts what is dropped by site. Any thread may use it; all times are readings of one monotonic clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drops: dict[str, _Drops] = {}
        self.dropped = 0
        """Messages dropped since the start."""

    def note(self, site: str, size: int) -> None:
        """Count a message of `size` bytes that is dropped."""
        with self._lock:
            drops = self._drops.setdefault(site, _Drops())
            drops.messages += 1
            drops.size += size
            drops.largest = max(drops.largest, size)
            self.dropped += 1

    def take_due(self, now_s: float) -> list[DeadLetter]:
        """Return the reports that are due."""
        with self._lock:
            letters = [
                self._take(site, drops, now_s)
                for site, drops in self._drops.items()
                if drops.messages and now_s - drops.reported_s >= REPORT_EVERY_S
            ]
            self._drops = {
                site: drops
                for site, drops in self._drops.items()
                if drops.messages or now_s - drops.reported_s < REPORT_EVERY_S
            }
        return letters

    def take_all(self, now_s: float) -> list[DeadLetter]:
        """Return a report of everything that has not been reported, due or not."""
        with self._lock:
            return [self._take(site, drops, now_s) for site, drops in self._drops.items() if drops.messages]

    @staticmethod
    def _take(site: str, drops: _Drops, now_s: float) -> DeadLetter:
        dropped = "1 message was" if drops.messages == 1 else f"{drops.messages} messages were"
        if drops.largest > MAX_PACKET:
            why = f"the largest has {drops.largest} bytes, which is over the limit of {MAX_PACKET}"
        else:
            why = "the site sends more than the collector can take of one site, or keep until there is time for it"
        letter = DeadLetter(f"{PREFIX}/{site}", f"{dropped} dropped: {why}", b"", drops.size)
        drops.messages = drops.size = drops.largest = 0
        drops.reported_s = now_s
        return letter
