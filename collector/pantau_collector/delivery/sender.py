"""Fills the outbox with letters and empties it: marks a letter, sends it, and confirms it; retries back off.

A letter that cannot be delivered goes on to the next channel, or becomes a dead letter that the operator sees.

After a crash in the middle of sending, nobody knows whether the letter arrived. It is sent again with the same
key, by which a receiver can drop the repeat.
"""

import hashlib
import logging
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec
from sqlalchemy import Connection

from pantau_collector.clock import Clock
from pantau_collector.delivery.back_off import BackOffs, ChannelKey
from pantau_collector.delivery.dispatch import channels, dispatch, next_channel
from pantau_collector.notices.attachments import PictureSource
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.letter import Letter
from pantau_collector.notices.notice import Notice, NoticeKind
from pantau_collector.notices.recipients import NoticeRules, Recipient
from pantau_collector.notices.transport import Transport
from pantau_collector.store import Store, StoreError, notice_rows, outbox_rows
from pantau_collector.store.outbox_rows import OutboxRow, Status

POLL_EVERY_S = 0.5
"""Seconds between two looks into the outbox."""
_ROWS_PER_CHANNEL = 50
"""Rows of the outbox that are considered for each channel, the oldest first."""
_ATTEMPTS_WITH_PICTURES = 3
"""Attempts that carry pictures; after them the letter goes without, in case the service refuses the pictures."""
_FOLLOW_UPS = {NoticeKind.RESOLVED, NoticeKind.ACKNOWLEDGED, NoticeKind.UNACKNOWLEDGED}
"""Kinds that make no sense to a recipient whom no notice of the outage has reached."""

_SENT_ONCE = {NoticeKind.OPENED, NoticeKind.FLAPPING, NoticeKind.RESOLVED}
"""Kinds that a recipient gets once per incident, so that the incident and the kind alone identify the letter."""

_log = logging.getLogger(__name__)


class Sender:
    """One thread that polls the outbox, and a few that send. A channel sends one letter at a time.

    A channel that is slow or gone does not delay another one, and is tried with a single letter until it works
    again.
    """

    def __init__(
        self,
        store: Store,
        transport: Transport,
        recipients: Iterable[Recipient],
        rules: NoticeRules,
        composer: Composer,
        pictures: PictureSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._transport = transport
        self._clock = clock
        self._recipients = {recipient.id: recipient for recipient in recipients}
        self._rules = rules
        self._composer = composer
        self._pictures = pictures
        self._back_offs = BackOffs(rules, clock.monotonic)
        self._in_flight: dict[ChannelKey, Future[None]] = {}
        self._pool = ThreadPoolExecutor(rules.parallel, thread_name_prefix="notice")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender")
        self.sent = 0
        """Letters delivered since the start."""
        self.failed = 0
        """Attempts that have failed since the start."""
        self.last_error: str | None = None
        """Why the last attempt failed; None if it did not."""

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the sends that are in flight, and stop."""
        self._stopping.set()
        self._thread.join()

    def pending(self) -> int:
        """Return the number of letters that are still to be delivered, or 0 if the outbox cannot be read."""
        return self._count(Status.DUE, Status.SENDING)

    def dead(self) -> int:
        """Return the number of dead letters, or 0 if the outbox cannot be read."""
        return self._count(Status.DEAD)

    def held(self) -> int:
        """Return the number of notices that wait for others or for a digest, or 0 if the store cannot be read."""
        try:
            with self._store.begin() as connection:
                return notice_rows.count_waiting(connection)
        except StoreError:
            return 0

    def run_once(self) -> int:
        """Write what is ready into letters, start sending what is due, and return the number of sends started."""
        self._in_flight = {channel: future for channel, future in self._in_flight.items() if not future.done()}
        with self._store.begin() as connection:
            dispatch(connection, self._recipients, self._clock.time_ms())
            rows = outbox_rows.unfinished(connection, _ROWS_PER_CHANNEL)
            skipped = [row for row in rows if self._skip_failing_channel(connection, row)]
            if skipped:
                rows = outbox_rows.unfinished(connection, _ROWS_PER_CHANNEL)
        chosen = self._choose(rows)
        for row in chosen:
            self._in_flight[row.recipient, row.channel] = self._pool.submit(self._deliver, row)
        return len(chosen)

    def _run(self) -> None:
        while not self._stopping.wait(POLL_EVERY_S):
            try:
                self.run_once()
            except StoreError as error:
                _log.error("the outbox cannot be read; it is tried again: %s", error)
        self._pool.shutdown()

    def _skip_failing_channel(self, connection: Connection, row: OutboxRow) -> bool:
        """Pass a row on at once if its channel is failing and is not due for another attempt."""
        recipient, channel = self._recipients.get(row.recipient), (row.recipient, row.channel)
        following = next_channel(recipient, row.channel) if recipient else None
        if recipient is None or following is None or channel in self._in_flight:
            return False
        failures = self._back_offs.failures(channel)
        if failures < recipient.next_channel_after or not self._back_offs.is_waiting(channel):
            return False
        error = f"this channel fails; sent on by {following}"
        outbox_rows.pass_on(connection, row, following, time_ms=self._clock.time_ms(), error=error)
        return True

    def _choose(self, rows: list[OutboxRow]) -> list[OutboxRow]:
        """Choose at most one row per channel: the least tried, unless an earlier one has the same incidents."""
        chosen: dict[ChannelKey, OutboxRow] = {}
        waiting: set[tuple[str, str, int]] = set()
        for row in rows:
            channel = (row.recipient, row.channel)
            queue = (row.recipient, "" if self._is_in_order(row.recipient) else row.channel)
            keys = {(*queue, incident) for incident in row.incidents}
            first = waiting.isdisjoint(keys)
            waiting |= keys
            backs_off = self._back_offs.is_waiting(channel) or self._back_offs.is_waiting(row.id)
            if not first or backs_off or channel in self._in_flight:
                continue
            if channel not in chosen or row.attempts < chosen[channel].attempts:
                chosen[channel] = row
        return list(chosen.values())

    def _is_in_order(self, recipient: str) -> bool:
        known = self._recipients.get(recipient)
        return known is not None and known.delivery == "in_order"

    def _deliver(self, row: OutboxRow) -> None:
        try:
            self._attempt(row)
        except StoreError as error:
            # The row stays in `sending`, so it is sent again with the same key.
            self._back_off(row, row.attempts)
            _log.error("the outbox cannot be written; the notice is sent again: %s", error)
        except Exception:  # noqa: BLE001 - the next letter must be sent all the same
            self._back_off(row, row.attempts)
            _log.exception("a notice to %s by %s failed; it is tried again", row.recipient, row.channel)

    def _attempt(self, row: OutboxRow) -> None:
        recipient = self._recipients.get(row.recipient)
        url = channels(recipient).get(row.channel) if recipient else None
        with self._store.begin() as connection:
            notices = notice_rows.of_letter(connection, row.letter)
            never_notified = notice_rows.never_notified(
                connection, row.recipient, row.incidents, letter=row.letter
            )
            relevant = [
                each for each in notices if each.kind not in _FOLLOW_UPS or each.incident not in never_notified
            ]
            if relevant and url is not None:
                outbox_rows.start(connection, row)
        if not relevant:
            self._finish(row, Status.DEAD, "the outage was never told")
        elif recipient is None or url is None:
            self._finish(row, Status.DEAD, "the configuration no longer has this recipient or channel")
        else:
            self._send(row, Letter(row.form, tuple(relevant)), recipient, url, self._key(row, notices))

    def _send(self, row: OutboxRow, letter: Letter, recipient: Recipient, url: str, key: str) -> None:
        pictures = self._pictures if row.attempts < _ATTEMPTS_WITH_PICTURES else None
        message = self._composer.compose(letter, recipient, pictures)
        try:
            self._transport.send(url, message, kind=letter.kind, key=key)
        except ChannelError as error:
            self._failed(row, recipient, error)
            return
        self._finish(row, Status.SENT)
        self.sent += 1
        self.last_error = None
        self._back_offs.clear((row.recipient, row.channel))
        self._back_offs.clear(row.id)
        incidents = ", ".join(map(str, row.incidents)) or "none"
        _log.info("told %s by %s: %s, incidents %s", row.recipient, row.channel, letter.kind, incidents)

    def _key(self, row: OutboxRow, notices: list[Notice]) -> str:
        """Return a key that is the same for each attempt and different for every other letter.

        It holds the time of the outage, because a restored store may give the same numbers again.
        """
        first = notices[0]
        key = f"{first.incident}-{first.since_ms}-{first.kind}"
        if len(notices) > 1 or first.kind not in _SENT_ONCE:
            key += f"-{hashlib.blake2b(msgspec.json.encode(notices), digest_size=6).hexdigest()}"
        return f"{self._store.installation}-{key}-{row.recipient}-{row.channel}"

    def _failed(self, row: OutboxRow, recipient: Recipient, error: ChannelError) -> None:
        attempts = row.attempts + 1
        self.failed += 1
        self.last_error = f"{row.recipient} by {row.channel}: {error}"
        self._back_off(row, row.attempts)
        following = next_channel(recipient, row.channel)
        failures = max(attempts, self._back_offs.failures((row.recipient, row.channel)))
        if following is not None and (error.for_good or failures >= recipient.next_channel_after):
            _log.warning("attempt %d to tell %s failed: sent on by %s", attempts, self.last_error, following)
            with self._store.begin() as connection:
                outbox_rows.pass_on(connection, row, following, time_ms=self._clock.time_ms(), error=str(error))
            return
        dead = attempts >= self._rules.max_attempts
        _log.warning("attempt %d to tell %s failed%s", attempts, self.last_error, ": given up" if dead else "")
        self._finish(row, Status.DEAD if dead else Status.DUE, str(error))

    def _back_off(self, row: OutboxRow, attempts: int) -> None:
        channel = (row.recipient, row.channel)
        self._back_offs.record_failure(channel, self._back_offs.failures(channel))
        self._back_offs.record_failure(row.id, attempts)

    def _finish(self, row: OutboxRow, status: Status, error: str = "") -> None:
        if status is Status.DEAD:
            self._back_offs.clear(row.id)
        with self._store.begin() as connection:
            outbox_rows.finish(connection, row.id, status, time_ms=self._clock.time_ms(), error=error)

    def _count(self, *statuses: Status) -> int:
        try:
            with self._store.begin() as connection:
                return outbox_rows.count(connection, *statuses)
        except StoreError:
            return 0
