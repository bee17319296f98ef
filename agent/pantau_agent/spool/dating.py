"""Dating: the times of what was measured, which is monotonic, turned into UTC, once for each batch.

A Raspberry Pi without a real-time clock boots in the past, but its monotonic clock runs evenly all the while: once
the time is known, that of everything earlier in the same boot is known too. So a batch of a machine whose clock is
set is dated when it is spooled. Any other is spooled undated, waits, and is dated before it is sent.
"""

from dataclasses import replace

import msgspec

from pantau_agent.spool.file import Batch
from pantau_agent.spool.spool import Spool
from pantau_contract.errors import ContractError
from pantau_contract.messages import Sample, Start, Telemetry
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import decode, encode


def date_sample(sample: Sample, epoch_ms: int) -> Sample:
    """Return the sample with UTC times, given the UTC time at which the clock of its times stood at zero."""
    return msgspec.structs.replace(
        sample, time=max(0, sample.time + epoch_ms), since=max(0, sample.since + epoch_ms)
    )


def date_start(start: Start, epoch_ms: int) -> Start:
    """Return the start with UTC times, given the UTC time at which the clock of its times stood at zero."""
    machine_ms = None if start.machine_time is None else max(0, start.machine_time + epoch_ms)
    return msgspec.structs.replace(start, time=max(0, start.time + epoch_ms), machine_time=machine_ms)


def date_batch(batch: Telemetry, epoch_ms: int) -> Telemetry:
    """Return the batch with UTC times, given the UTC time at which the monotonic clock stood at zero.

    Times are shifted by what separates the batch's `time` from its `monotonic_ms`. In an undated batch both are
    the same; in one that agent 0.1.0 spooled, times are those of the wall clock as it stood then. `since` is
    reported in whole seconds.
    """
    shift_ms = epoch_ms + batch.monotonic_ms - batch.time
    dated = (date_sample(sample, shift_ms) for sample in batch.samples)
    return msgspec.structs.replace(
        batch,
        time=max(0, batch.time + shift_ms),
        samples=tuple(msgspec.structs.replace(one, since=one.since // 1000 * 1000) for one in dated),
        start=None if batch.start is None else date_start(batch.start, shift_ms),
        devices=tuple(
            msgspec.structs.replace(each, since=max(0, each.since + shift_ms), asked=max(0, each.asked + shift_ms))
            for each in batch.devices
        ),
    )


def encode_batch(undated: Telemetry, epoch_ms: int, *, compress: bool) -> bytes:
    """Return the payload of a batch to be spooled: dated, unless the machine's clock is known not to be set."""
    batch = undated if undated.clock_synchronised is False else date_batch(undated, epoch_ms)
    return encode(batch, compress=compress)


class DatedBacklog:
    """The backlog of a spool, dated: what is read from it can be sent as it is.

    A batch's `clock_synchronised` is False in the spool while it is undated. Dating sets it to True, or to None if
    the clock was never set, and saves the batch so: however often it is sent, it carries the same times.
    """

    def __init__(self, spool: Spool, site: str, *, compress: bool) -> None:
        self._spool = spool
        self._topic = Topic(site, TopicKind.TELEMETRY)
        self._compress = compress
        self._epochs_ms: dict[str, int] = {}

    def learn(self, batch: Batch) -> None:
        """Learn the epoch of a batch's boot, if the clock was set when the batch was taken."""
        if batch.clock_synchronised:
            self._epochs_ms[batch.boot] = batch.time_ms - batch.monotonic_ms

    async def read(self, after_id: int, limit: int, *, wait_for_clock: bool) -> tuple[list[Batch], bool]:
        """Return the next batches after an id, oldest first, and whether more than these wait.

        With `wait_for_clock` it ends before the first batch of this boot for which the clock is not set yet.
        """
        page = await self._spool.after(after_id, limit)
        dated: list[Batch] = []
        for batch in page:
            if batch.clock_synchronised is not False:
                dated.append(batch)
                continue
            epoch_ms = await self._epoch_ms(batch.boot)
            if epoch_ms is None and wait_for_clock and batch.boot == self._spool.boot:
                return dated, True
            dated.append(self._dated(batch, epoch_ms))
            await self._spool.save_dated(dated[-1])
        return dated, len(page) == limit

    async def _epoch_ms(self, boot: str) -> int | None:
        """Return the true epoch of a boot's monotonic clock, or None if nothing in the spool reveals it."""
        if (reference := await self._spool.newest_with_clock_set(boot)) is not None:
            self.learn(reference)
        return self._epochs_ms.get(boot)

    def _dated(self, batch: Batch, epoch_ms: int | None) -> Batch:
        """Return the batch, dated by its true epoch, or else by the wall clock as it stood when it was spooled."""
        try:
            telemetry = decode(self._topic, batch.payload)
        except ContractError:  # damaged on the disk, or of another version: the collector may know more
            return replace(batch, clock_synchronised=None)
        if not isinstance(telemetry, Telemetry):
            return replace(batch, clock_synchronised=None)
        if epoch_ms is None:
            telemetry = date_batch(telemetry, batch.time_ms - batch.monotonic_ms)
            payload = encode(telemetry, compress=self._compress)
            return replace(batch, clock_synchronised=None, payload=payload)
        telemetry = msgspec.structs.replace(date_batch(telemetry, epoch_ms), clock_synchronised=True)
        payload = encode(telemetry, compress=self._compress)
        return replace(batch, time_ms=telemetry.time, clock_synchronised=True, payload=payload)
