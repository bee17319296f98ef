"""Empties the outbox: marks, sends, confirms; tries again, ever more seldom; gives up visibly.

After a crash in the middle of a sending nobody knows whether it arrived. It is sent again with the same key, by
which a receiver may drop a repeat.
"""

import logging
import random
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Protocol

from pantau_collector.clock import Clock
from pantau_collector.config import NoticeRules, Recipient
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.notice import Notice, NoticeKind
from pantau_collector.notices.outbox import channels
from pantau_collector.notices.transport import Transport
from pantau_collector.store import Store, StoreError, outbox_rows
from pantau_collector.store.outbox_rows import Row, Status

LOOK_EVERY_S = 0.5
_ROWS_A_CHANNEL = 50
_WITH_PICTURE = 3
"""Attempts that carry the picture: after them it may be the picture that the service does not take."""

_log = logging.getLogger(__name__)


class Pictures(Protocol):
    """Where the last pictures are."""

    def latest(self, site: str, camera: str) -> Path | None:
        """The file of a camera's newest JPEG, or None."""


class _Pace(NamedTuple):
    """How often something failed in a row, and when (monotonic) it is to be tried again."""

    failures: int = 0
    due: float = 0.0


Channel = tuple[str, str]
"""A recipient's id, and the name of one of its URLs."""


class Sender:
    """A thread that looks into the outbox, and a few that send. One channel sends one notice at a time.

    A channel that is slow or gone delays no other, and is tried with one notice until it works again.
    """

    def __init__(
        self,
        store: Store,
        transport: Transport,
        recipients: Iterable[Recipient],
        rules: NoticeRules,
        composer: Composer,
        pictures: Pictures,
        clock: Clock,
    ) -> None:
        self._store = store
        self._transport = transport
        self._clock = clock
        self._recipients = {recipient.id: recipient for recipient in recipients}
        self._rules = rules
        self._composer = composer
        self._pictures = pictures
        self._paces: dict[Channel | int, _Pace] = {}
        self._under_way: dict[Channel, Future[None]] = {}
        self._pool = ThreadPoolExecutor(rules.parallel, thread_name_prefix="notice")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender")
        self.sent = 0
        """Notices handed over since the start."""
        self.failed = 0
        """Attempts that failed since the start."""
        self.last_error: str | None = None
        """Why the last attempt failed; None once one has worked."""

    def start(self) -> None:
        """Begins to send."""
        self._thread.start()

    def stop(self) -> None:
        """Finishes what is being sent, and ends."""
        self._stopping.set()
        self._thread.join()

    def pending(self) -> int:
        """Notices that are still to be delivered, as far as the outbox can be read."""
        return self._count(Status.DUE, Status.SENDING)

    def dead(self) -> int:
        """Notices that were given up, as far as the outbox can be read."""
        return self._count(Status.DEAD)

    def look(self) -> int:
        """Begins to send what is due and whose channel is free; how many."""
        self._under_way = {channel: future for channel, future in self._under_way.items() if not future.done()}
        with self._store.begin() as connection:
            rows = outbox_rows.unfinished(connection, _ROWS_A_CHANNEL)
        chosen = self._choose(rows)
        for row in chosen:
            self._under_way[row.recipient, row.channel] = self._pool.submit(self._deliver, row)
        return len(chosen)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self.look()
            except StoreError as error:
                _log.error("the outbox cannot be read; it is tried again: %s", error)
        self._pool.shutdown()

    def _choose(self, rows: list[Row]) -> list[Row]:
        """At most one row a channel: the one tried least, of those whose incident has no earlier row waiting."""
        now = self._clock.monotonic()
        chosen: dict[Channel, Row] = {}
        waiting: set[tuple[Channel, int]] = set()
        for row in rows:
            channel = (row.recipient, row.channel)
            first = (channel, row.incident) not in waiting
            waiting.add((channel, row.incident))
            paced = any(self._paces.get(key, _Pace()).due > now for key in (channel, row.id))
            if not first or paced or channel in self._under_way:
                continue
            if channel not in chosen or row.attempts < chosen[channel].attempts:
                chosen[channel] = row
        return list(chosen.values())

    def _deliver(self, row: Row) -> None:
        try:
            self._attempt(row)
        except StoreError as error:
            # It stays in `sending`, and is sent again with the same key.
            self._slow_down(row, row.attempts)
            _log.error("the outbox cannot be written; the notice is sent again: %s", error)
        except Exception:  # noqa: BLE001 - the next notice must go all the same
            self._slow_down(row, row.attempts)
            _log.exception("a notice to %s by %s failed; it is tried again", row.recipient, row.channel)

    def _attempt(self, row: Row) -> None:
        with self._store.begin() as connection:
            if row.kind is NoticeKind.RESOLVED and not self._was_told(
                row, outbox_rows.told(connection, row.incident)
            ):
                outbox_rows.finish(
                    connection,
                    row.id,
                    Status.DEAD,
                    time_ms=self._clock.time_ms(),
                    error="the outage was never told",
                )
                return
            notice = outbox_rows.start(connection, row)
        recipient = self._recipients.get(row.recipient)
        url = channels(recipient).get(row.channel) if recipient else None
        if recipient is None or url is None:
            self._finish(row, Status.DEAD, "the configuration no longer has this recipient or channel")
            return
        try:
            self._send(row, notice, recipient, url)
        except ChannelError as error:
            self._failed(row, str(error))
        else:
            self._finish(row, Status.SENT)
            self.sent += 1
            self.last_error = None
            self._paces.pop((row.recipient, row.channel), None)
            self._paces.pop(row.id, None)
            _log.info("told %s by %s: incident %d %s", row.recipient, row.channel, row.incident, row.kind)

    def _send(self, row: Row, notice: Notice, recipient: Recipient, url: str) -> None:
        message = self._composer.compose(notice, recipient)
        outage = f"{row.incident}-{notice.since_ms}"  # a store that was restored may give a number again
        picture = self._pictures.latest(notice.site, notice.camera) if notice.camera is not None else None
        self._transport.send(
            url,
            message,
            kind=row.kind,
            key=f"{self._store.installation}-{outage}-{row.kind}-{row.recipient}-{row.channel}",
            picture=picture if row.attempts < _WITH_PICTURE else None,
        )

    def _failed(self, row: Row, error: str) -> None:
        attempts = row.attempts + 1
        dead = attempts >= self._rules.max_attempts
        self.failed += 1
        self.last_error = f"{row.recipient} by {row.channel}: {error}"
        _log.warning("attempt %d to tell %s failed%s", attempts, self.last_error, ": given up" if dead else "")
        self._slow_down(row, row.attempts)
        self._finish(row, Status.DEAD if dead else Status.DUE, error)

    def _slow_down(self, row: Row, attempts: int) -> None:
        now = self._clock.monotonic()
        channel = (row.recipient, row.channel)
        failures = self._paces.get(channel, _Pace()).failures
        self._paces[channel] = _Pace(failures + 1, now + self._wait_s(failures))
        self._paces[row.id] = _Pace(attempts + 1, now + self._wait_s(attempts))

    def _wait_s(self, failures: int) -> float:
        """Twice the last wait, up to the longest, and by chance up to a quarter less."""
        longest = min(self._rules.max_retry_s, self._rules.first_retry_s * 2 ** min(failures, 30))
        return float(longest * random.uniform(0.75, 1.0))

    def _finish(self, row: Row, status: Status, error: str = "") -> None:
        if status is Status.DEAD:
            self._paces.pop(row.id, None)
        with self._store.begin() as connection:
            outbox_rows.finish(connection, row.id, status, time_ms=self._clock.time_ms(), error=error)

    def _count(self, *statuses: Status) -> int:
        try:
            with self._store.begin() as connection:
                return outbox_rows.count(connection, *statuses)
        except StoreError:
            return 0

    @staticmethod
    def _was_told(row: Row, told: set[Channel]) -> bool:
        return (row.recipient, row.channel) in told
