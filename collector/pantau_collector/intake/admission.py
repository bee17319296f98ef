"""Decides which messages are taken from the broker at all: each site has a rate, beyond which they are dropped.

The broker sends us the messages of all sites on one connection, in the order in which they came. So what one site
sends must be read as fast as it can send, or the news of the others waits behind it; and to read and drop is all
that is fast enough.
"""

from collections.abc import Callable

from pantau_collector.intake.allowance import Allowance
from pantau_collector.intake.buffered_socket import MAX_PACKET
from pantau_collector.intake.catch_up import CatchUp
from pantau_collector.intake.drop_reports import DropReports
from pantau_contract.topics import site_of

BYTES_PER_S = 2 << 20
"""Bytes of one site that are taken in a second at most; an agent at its fastest sends a tenth of that."""
BURST_BYTES = 16 << 20
"""Bytes of one site that are taken at once, about, at most."""
BYTES_OF_MESSAGE = 512
"""Bytes that a message counts for beside its payload."""


class Admission:
    """Takes everything that the broker had kept while we were away, and then each site's share.

    It belongs to one thread. All times are readings of one monotonic clock, in seconds.
    """

    def __init__(self, drops: DropReports, is_congested: Callable[[str], bool]) -> None:
        """Create it; `is_congested` returns whether a site sends so much that no more of it can wait."""
        self._drops = drops
        self._is_congested = is_congested
        self._bytes = Allowance(rate=BYTES_PER_S)
        self.catch_up = CatchUp()

    def is_open(self, topic: str, size: int, now_s: float) -> bool:
        """Return True if a message may come, of which `take` is told then; otherwise it counts as dropped."""
        return self._fits(site_of(topic), size, now_s)

    def take(self, topic: str, size: int, now_s: float) -> bool:
        """Note a message that has come, and return True if it is taken; otherwise it counts as dropped."""
        site = site_of(topic)
        if not self._fits(site, size, now_s):
            return False
        self._bytes.use(site, size + BYTES_OF_MESSAGE, now_s)
        return True

    def _fits(self, site: str, size: int, now_s: float) -> bool:
        is_fair = self._bytes.debt(site, now_s) < BURST_BYTES and not self._is_congested(site)
        if size <= MAX_PACKET and (is_fair or not self.catch_up.is_over):
            return True
        self._drops.note(site, size)
        return False
