"""The intake: receives messages, and acknowledges none before it is on disk."""

import contextlib
import logging
import threading
from collections.abc import Callable

from pantau_collector.config import Broker
from pantau_collector.deadletter import DeadLetters
from pantau_collector.intake.admission import Admission
from pantau_collector.intake.door import Door
from pantau_collector.intake.drop_reports import DropReports
from pantau_collector.intake.inbox import Inbox, Incoming
from pantau_collector.intake.overflow import Overflow
from pantau_collector.intake.quarantine import Quarantine
from pantau_collector.intake.subscription import Subscription
from pantau_collector.intake.writer import MessageWriter
from pantau_collector.journal import Journal
from pantau_collector.pictures import PictureFiles
from pantau_collector.snapshots import SnapshotArchive

MAX_BATCH = 2000
"""Messages written and acknowledged at once at most."""
MAX_BATCH_BYTES = 16 << 20
"""Bytes of payload written and acknowledged at once, about, at most."""
SPOOL_MAX_AGE_DAYS = 7.0
"""Days for which agents keep what they could not send, unless they are configured otherwise."""
_WAITING_EVERY_S = 0.1
"""Seconds from one look at the messages that wait to the next while nothing arrives."""
_DAY_MS = 86_400_000
_log = logging.getLogger(__name__)


class Intake:
    """Runs two threads: the broker's, which only queues, and one that checks, writes and acknowledges.

    A site that sends more than its share of the time waits, on disk, and holds up no other: see `fair_share.py`.

    While a batch is synchronised to the disk, the next one gathers, so the disk's speed sets their size. While the
    disk is full or failing nothing is acknowledged, the queue fills, and the broker keeps the rest. Once the disk
    can be written again, the intake continues by itself.

    The agents get receipts for the batches that are written, see `receipts`. The counters count since the start.
    """

    def __init__(
        self,
        broker: Broker,
        journal: Journal,
        pictures: PictureFiles,
        dead_letters: DeadLetters,
        *,
        time_ms: Callable[[], int],
        archive: SnapshotArchive | None = None,
        spool_max_age_days: float = SPOOL_MAX_AGE_DAYS,
        retry_s: float = 1.0,
    ) -> None:
        self._time_ms = time_ms
        self._retry_s = retry_s
        self._journal = journal
        self._inbox = Inbox()
        self._quarantine = Quarantine(journal.directory / "quarantine.json", time_ms=time_ms)
        self._drops = DropReports()
        admission = Admission(self._drops, self._is_congested)
        self._door = Door(self._inbox, admission, self._quarantine)
        self._subscription = Subscription(broker, self._door, time_ms=time_ms)
        self._overflow = Overflow(journal.directory / "overflow.sqlite")
        self._writer = MessageWriter(
            journal,
            pictures,
            dead_letters,
            self._overflow,
            self._drops,
            archive=archive,
            max_age_ms=round((spool_max_age_days + 1) * _DAY_MS),
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="intake")
        self._disk_trouble: str | None = None
        self.acknowledged = 0

    def start(self) -> None:
        """Begin to connect and to write."""
        self._thread.start()
        self._subscription.start()

    def stop(self) -> None:
        """Write and acknowledge what has arrived, then disconnect."""
        self._inbox.close()
        self._stopping.set()
        self._thread.join()
        self._subscription.stop()
        self._writer.close()
        self._overflow.close()

    def send(self, topic: str, payload: bytes) -> bool:
        """Publish a message now, or return False if there is no connection. Any thread may call this."""
        return self._subscription.send(topic, payload)

    @property
    def connected(self) -> bool:
        """True while the broker has our session and our subscriptions."""
        return self._subscription.connected

    @property
    def listening(self) -> bool:
        """True while messages are received and written. Otherwise an agent's silence proves nothing."""
        return self._subscription.delivering and self._disk_trouble is None and self._thread.is_alive()

    @property
    def broker_trouble(self) -> str | None:
        """Why there is no session at the broker, for the operator; None while there is one."""
        return self._subscription.trouble

    @property
    def broker_certificate_ends_ms(self) -> int | None:
        """When the certificate ends that the broker showed last (UTC ms); None without TLS."""
        return self._subscription.broker_certificate_ends_ms

    @property
    def delivery_trouble(self) -> str | None:
        """What the broker does not deliver although we are connected, for the operator; None if nothing."""
        return self._subscription.delivery_trouble

    @property
    def contest_trouble(self) -> str | None:
        """What another client with our client id does, for the operator, for a while after the last time."""
        return self._subscription.contest_trouble

    @property
    def overload_trouble(self) -> str | None:
        """What the broker drops or keeps too much of, by its own figures, for the operator; None if nothing."""
        return self._subscription.overload_trouble

    @property
    def flood_trouble(self) -> str | None:
        """Which sites are shut out because they flood the broker, for the operator; None if none is."""
        return self._quarantine.trouble

    @property
    def shut_out(self) -> int:
        """Messages that were dropped because their site floods the broker."""
        return self._door.shut_out

    def broker_figure(self, topic: str) -> float:
        """Return what the broker reports of itself on a topic of `broker_figures`, or NaN."""
        return self._door.figures.value(topic)

    @property
    def disk_trouble(self) -> str | None:
        """Why nothing can be written and acknowledged, for the operator; None while it can."""
        return self._disk_trouble

    @property
    def received(self) -> int:
        """Messages from the broker."""
        return self._door.received

    @property
    def received_bytes(self) -> int:
        """Bytes of payload of the messages from the broker."""
        return self._door.received_bytes

    @property
    def waiting(self) -> int:
        """Messages that have arrived and are not written yet."""
        return len(self._inbox)

    @property
    def journaled(self) -> int:
        """Messages written to the journal."""
        return self._writer.journaled

    @property
    def samples(self) -> int:
        """Camera samples in the telemetry written to the journal."""
        return self._writer.samples

    @property
    def duplicates(self) -> int:
        """Batches of telemetry that arrived again and were not written a second time."""
        return self._writer.duplicates

    @property
    def dead(self) -> int:
        """Messages that broke the contract and went to the dead letters."""
        return self._writer.dead

    @property
    def over_share(self) -> int:
        """Messages of sites that send more than their share, which wait on disk."""
        return self._overflow.messages

    @property
    def dropped(self) -> int:
        """Messages that were dropped because their site sends too much, in any second or for too long."""
        return self._drops.dropped

    @property
    def lost_pictures(self) -> int:
        """Pictures that could not be written."""
        return self._writer.lost_pictures

    def _is_congested(self, site: str) -> bool:
        """Return True if a site fills its share of the inbox because it sends too much, not for a bad disk."""
        return self._inbox.is_share_full(site) and self._overflow.holds(site)

    def _write_all(self) -> None:
        while not self._inbox.is_over:
            timeout_s = _WAITING_EVERY_S if self._overflow.messages else None
            messages = self._inbox.get_batch(MAX_BATCH, MAX_BATCH_BYTES, timeout_s)
            if not self._write(messages):
                return
            self._subscription.acknowledge(messages)
            self.acknowledged += len(messages)

    def _write(self, messages: list[Incoming]) -> bool:
        """Write messages, again and again until the disk takes them.

        Return False if the intake is stopped before.
        """
        batch = self._writer.check(messages)
        while True:
            try:
                self._writer.write(batch)
            except OSError as error:
                if self._disk_trouble is None:
                    _log.error("nothing is acknowledged until the disk takes it again: %s", error)
                self._disk_trouble = str(error)
            else:
                if self._disk_trouble is not None:
                    _log.warning("the disk takes what arrives again")
                    self._disk_trouble = None
                self._door.receipts.add(batch.received)
                return True
            if self._stopping.wait(self._retry_s):
                return False
            with contextlib.suppress(OSError):
                self._journal.retain(self._time_ms())
