"""Gathers which batches are on the disk, for the receipts that let agents delete them.

A site gets one receipt for all that was written since its last one, and sites take turns, so that neither a flood
nor a backlog of one of them delays another's. What waits is bounded. A receipt that is not sent, or is lost on its
way, costs a repetition, because the agent then sends the batch again.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from pantau_collector.intake.undated import BatchKey
from pantau_contract.batch_identity import identify_batch
from pantau_contract.errors import ContractError
from pantau_contract.messages import MAX_RANGES, BatchRange, Receipt
from pantau_contract.topics import Topic, TopicKind, parse_topic
from pantau_contract.wire import encode

RECEIPTS_AT_ONCE = 200
"""Receipts taken at once at most; 10,000 sites that report each 30 s need 167 in half a second."""
MAX_SITES = 20_000
"""Sites that wait for a receipt at most; the one that has waited longest is left out first."""


@dataclass(slots=True)
class _Range:
    """A range that can still grow."""

    boot: str
    first: int
    last: int


class Receipts:
    """What was written and has no receipt yet. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sites: dict[str, list[_Range]] = {}

    def add(self, batches: Iterable[BatchKey]) -> None:
        """Note batches that are on the disk."""
        with self._lock:
            for site, boot, seq in batches:
                _add(self._sites.setdefault(site, []), boot, seq)
                if len(self._sites) > MAX_SITES:
                    del self._sites[next(iter(self._sites))]

    def take(self, limit: int = RECEIPTS_AT_ONCE) -> list[tuple[str, bytes]]:
        """Remove and return the receipts of the sites that have waited longest, each as topic and payload."""
        with self._lock:
            taken = [(site, self._sites.pop(site)) for site in list(self._sites)[:limit]]
        return [(str(Topic(site, TopicKind.ACK)), encode(_receipt(site, ranges))) for site, ranges in taken]


def identify_unread(topic: str, payload: bytes) -> list[BatchKey]:
    """Return the batch in a message that is kept without being read, if it is one of the topic's own site."""
    try:
        about = parse_topic(topic)
    except ContractError:
        return []
    batch = identify_batch(payload) if about.kind is TopicKind.TELEMETRY else None
    return [batch] if batch is not None and batch[0] == about.site else []


def _add(ranges: list[_Range], boot: str, seq: int) -> None:
    """Add a batch to a site's ranges. With too many of them the oldest is left out."""
    for found in reversed(ranges):
        if found.boot == boot and found.first - 1 <= seq <= found.last + 1:
            found.first, found.last = min(found.first, seq), max(found.last, seq)
            return
    ranges.append(_Range(boot, seq, seq))
    if len(ranges) > MAX_RANGES:
        del ranges[0]


def _receipt(site: str, ranges: Iterable[_Range]) -> Receipt:
    return Receipt(site, tuple(BatchRange(each.boot, each.first, each.last) for each in ranges))
