"""Decides which messages are processed now, which wait, and which are dropped: each site has a share of the time.

Everything behind the intake reads one journal in one order. So whatever a site has in the journal is processed
before what others send later, and a flood must be held back in front of it. Each site has a share of processing
time, many times what its cameras need. What goes beyond that waits in the overflow, in the site's own order, and
what the overflow has no room for is dropped and counted.
"""

from collections.abc import Callable, Iterator
from enum import Enum, auto

from msgspec import Struct

from pantau_collector.deadletter import MAX_KEPT
from pantau_collector.intake.allowance import Allowance
from pantau_collector.intake.overflow import Overflow, Waiting
from pantau_contract.messages import Birth, Message, Telemetry
from pantau_contract.snapshot import SnapshotMetadata

SHARE = 0.1
"""Seconds of processing that one site may cost in a second. 64 cameras at 30 s intervals cost 0.0001."""
BURST_S = 0.3
"""Seconds of processing that one site may cost at once, and so by which it delays the others, about, at most."""
BURST_BEHIND_S = 0.02
"""The same while the collector does not keep up, and a site that has used it up must wait."""

PER_MESSAGE_S = 100e-6
"""Seconds that a message costs behind the intake: a record, a row, a step of the incidents."""
PER_SAMPLE_S = 15e-6
"""Seconds that a sample costs behind the intake: the fleet, and a line for InfluxDB."""
PER_CAMERA_S = 50e-6
"""Seconds that a camera in a birth, or a device in telemetry, costs behind the intake."""
PER_BYTE_S = 0.1e-6
"""Seconds that a byte of payload costs, of disk and of the journal's room: a site's share is 1 MB/s of them."""


def price_s(message: Message | SnapshotMetadata | None, size: int) -> float:
    """Return about the seconds that a message of `size` bytes costs behind the intake.

    None stands for a message that is refused, of which only the beginning is kept.
    These are estimates for a slow machine, and the same at each run. What the intake itself spends is measured.
    """
    match message:
        case Telemetry(samples=samples, devices=devices):
            content_s = len(samples) * PER_SAMPLE_S + len(devices) * PER_CAMERA_S
        case Birth(cameras=cameras):
            content_s = len(cameras) * PER_CAMERA_S
        case None:
            content_s, size = 0.0, min(size, MAX_KEPT)
        case _:
            content_s = 0.0
    return PER_MESSAGE_S + content_s + size * PER_BYTE_S


class Turn(Enum):
    """When a message is processed."""

    NOW = auto()
    LATER = auto()
    NEVER = auto()


class _Added(Struct):
    """What will be in the overflow of one site: messages, and bytes of payload."""

    messages: int = 0
    size: int = 0


class FairShare:
    """Gives each message its turn. It belongs to the thread that writes."""

    def __init__(self, overflow: Overflow, *, monotonic: Callable[[], float]) -> None:
        self._overflow = overflow
        self._monotonic = monotonic
        self._time = Allowance(rate=SHARE)
        self._burst_s = BURST_S
        self._added: dict[str, _Added] = {}
        self._last = ""

    def begin(self, *, is_behind: bool) -> None:
        """Begin with further messages; those that were to wait are in the overflow now.

        `is_behind`: the collector does not keep up with what it has taken.
        """
        self._added = {}
        self._burst_s = BURST_BEHIND_S if is_behind else BURST_S

    def turn(self, site: str, size: int, *, can_wait: bool) -> Turn:
        """Return when the next message of a site is processed, which has `size` bytes of payload.

        One that cannot wait is processed now or never.
        """
        behind = self._overflow.holds(site) or site in self._added
        if not behind and self._has_time(site):
            return Turn.NOW
        if not can_wait:
            return Turn.NEVER
        added = self._added.setdefault(site, _Added())
        if not self._overflow.has_room(site, added.messages + 1, added.size + size):
            return Turn.NEVER
        added.messages += 1
        added.size += size
        return Turn.LATER

    def charge(self, site: str, cost_s: float) -> None:
        """Note the processing time that a message has cost its site."""
        self._time.use(site, cost_s, self._monotonic())

    def waiting(self, limit: int) -> Iterator[tuple[str, Waiting]]:
        """Yield up to `limit` waiting messages whose sites may be processed again, the sites by turns.

        The caller charges the cost of each before it takes the next.

        Raises:
            OSError: the overflow cannot be read.
        """
        if self._burst_s < BURST_S:
            return
        sites = self._overflow.sites
        begin = sites.index(self._last) + 1 if self._last in sites else 0
        for site in (*sites[begin:], *sites[:begin]):
            after = 0
            while limit > 0 and self._has_time(site):
                waiting = self._overflow.next(site, after)
                if waiting is None:
                    break
                after, limit, self._last = waiting.id, limit - 1, site
                yield site, waiting

    def _has_time(self, site: str) -> bool:
        return self._time.debt(site, self._monotonic()) < self._burst_s
