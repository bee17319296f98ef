"""True times for what was measured before the machine's clock was set.

A Raspberry Pi without a real-time clock boots in the past. Its monotonic clock runs evenly all the while: so once
the time is known, that of everything earlier in the same boot is known too.
"""

from dataclasses import replace

import msgspec

from pantau_agent.reporting.report import sample_moved
from pantau_agent.spool.file import Batch
from pantau_contract.errors import ContractError
from pantau_contract.messages import Telemetry
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import decode, encode


class Dating:
    """Of one agent's batches. Pure: it is told of batches, and changes none that is not given to it."""

    def __init__(self, site: str, boot: str, *, compress: bool) -> None:
        self._topic = Topic(site, TopicKind.TELEMETRY)
        self._boot = boot
        self._compress = compress
        self._epochs_ms: dict[str, int] = {}
        """By boot: the time at which the monotonic clock stood at 0, once it is known."""

    def learn(self, batch: Batch) -> None:
        """Where the clock was set when this batch was taken, it tells the time of every other of the same boot."""
        if batch.clock_synchronised:
            self._epochs_ms[batch.boot] = batch.time_ms - batch.monotonic_ms

    def date(self, batch: Batch, *, patient: bool) -> Batch | None:
        """The batch as it is to be sent, now and whenever it is sent again; None: it is better to wait.

        What comes back with another `clock_synchronised` is to be kept so, for a batch that went out with two
        different times would count as two.
        """
        if batch.clock_synchronised is not False:
            return batch
        if (epoch_ms := self._epochs_ms.get(batch.boot)) is not None:
            return self._moved(batch, epoch_ms)
        if batch.boot == self._boot and patient:
            return None
        return replace(batch, clock_synchronised=None)

    def _moved(self, batch: Batch, epoch_ms: int) -> Batch:
        try:
            told = decode(self._topic, batch.payload)
        except ContractError:  # damaged on the disk, or of another version: whoever reads it may know more
            return replace(batch, clock_synchronised=None)
        if not isinstance(told, Telemetry):
            return replace(batch, clock_synchronised=None)
        by_ms = epoch_ms + told.monotonic_ms - told.time
        payload = encode(moved(told, by_ms), compress=self._compress)
        return replace(batch, time_ms=batch.time_ms + by_ms, clock_synchronised=True, payload=payload)


def moved(batch: Telemetry, by_ms: int) -> Telemetry:
    """The batch with every time in it so much later, and said to be right."""
    return msgspec.structs.replace(
        batch,
        time=max(0, batch.time + by_ms),
        clock_synchronised=True,
        samples=tuple(sample_moved(sample, by_ms) for sample in batch.samples),
    )
