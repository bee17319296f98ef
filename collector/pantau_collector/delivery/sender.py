"""Fills the outbox with letters and empties it: marks, sends, confirms; tries again, ever more seldom.

What cannot be delivered goes on to the next channel, or is given up, visibly.

After a crash in the middle of a sending nobody knows whether it arrived. It is sent again with the same key, by
which a receiver may drop a repeat.
"""

import hashlib
import logging
import random
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from pantau_collector.clock import Clock
from pantau_collector.delivery.dispatch import channels, dispatch, next_channel
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.notice import Letter, Notice, NoticeKind
from pantau_collector.notices.photos import Pictures
from pantau_collector.notices.recipients import NoticeRules, Recipient
from pantau_collector.notices.transport import Transport
from pantau_collector.store import Store, StoreError, notice_rows, outbox_rows
from pantau_collector.store.outbox_rows import OutboxRow, Status

LOOK_EVERY_S = 0.5
_ROWS_A_CHANNEL = 50
_WITH_PICTURES = 3
"""Attempts that carry pictures: after them it may be the pictures that the service does not take."""
_AFTER_OUTAGE = {NoticeKind.RESOLVED, NoticeKind.ACKNOWLEDGED, NoticeKind.UNACKNOWLEDGED}
"""What makes no sense to somebody whom no notice of the outage has reached."""

_log = logging.getLogger(__name__)


_ONCE = {NoticeKind.OPENED, NoticeKind.FLAPPING, NoticeKind.RESOLVED}


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
        """Letters handed over since the start."""
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
        """Letters that are still to be delivered, as far as the outbox can be read."""
        return self._count(Status.DUE, Status.SENDING)

    def dead(self) -> int:
        """Letters that were given up, as far as the outbox can be read."""
        return self._count(Status.DEAD)

    def held(self) -> int:
        """Notices that wait for others, or for a digest, as far as the store can be read."""
        try:
            with self._store.begin() as connection:
                return notice_rows.count_waiting(connection)
        except StoreError:
            return 0

    def look(self) -> int:
        """Puts what is ready into letters, and begins to send what is due and whose channel is free; how many."""
        self._under_way = {channel: future for channel, future in self._under_way.items() if not future.done()}
        with self._store.begin() as connection:
            dispatch(connection, self._recipients, self._clock.time_ms())
            rows = outbox_rows.unfinished(connection, _ROWS_A_CHANNEL)
            passed = [row for row in rows if self._pass_by(connection, row)]
            if passed:
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

    def _pass_by(self, connection: Connection, row: OutboxRow) -> bool:
        """Sends a row on at once where its channel is known to fail and is not to be tried yet."""
        recipient, channel = self._recipients.get(row.recipient), (row.recipient, row.channel)
        following = next_channel(recipient, row.channel) if recipient else None
        pace = self._paces.get(channel, _Pace())
        if recipient is None or following is None or channel in self._under_way:
            return False
        if pace.failures < recipient.next_channel_after or pace.due <= self._clock.monotonic():
            return False
        error = f"this channel fails; sent on by {following}"
        outbox_rows.pass_on(connection, row, following, time_ms=self._clock.time_ms(), error=error)
        return True

    def _choose(self, rows: list[OutboxRow]) -> list[OutboxRow]:
        """At most one row a channel: the one tried least, of those whose incidents have no earlier row waiting."""
        now = self._clock.monotonic()
        chosen: dict[Channel, OutboxRow] = {}
        waiting: set[tuple[str, str, int]] = set()
        for row in rows:
            channel = (row.recipient, row.channel)
            queue = (row.recipient, "" if self._is_in_order(row.recipient) else row.channel)
            mine = {(*queue, incident) for incident in row.incidents}
            first = waiting.isdisjoint(mine)
            waiting |= mine
            paced = any(self._paces.get(key, _Pace()).due > now for key in (channel, row.id))
            if not first or paced or channel in self._under_way:
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
            # It stays in `sending`, and is sent again with the same key.
            self._slow_down(row, row.attempts)
            _log.error("the outbox cannot be written; the notice is sent again: %s", error)
        except Exception:  # noqa: BLE001 - the next notice must go all the same
            self._slow_down(row, row.attempts)
            _log.exception("a notice to %s by %s failed; it is tried again", row.recipient, row.channel)

    def _attempt(self, row: OutboxRow) -> None:
        recipient = self._recipients.get(row.recipient)
        url = channels(recipient).get(row.channel) if recipient else None
        with self._store.begin() as connection:
            notices = notice_rows.of_letter(connection, row.letter)
            unheard = notice_rows.never_notified(connection, row.recipient, row.incidents, letter=row.letter)
            told = [each for each in notices if each.kind not in _AFTER_OUTAGE or each.incident not in unheard]
            if told and url is not None:
                outbox_rows.start(connection, row)
        if not told:
            self._finish(row, Status.DEAD, "the outage was never told")
        elif recipient is None or url is None:
            self._finish(row, Status.DEAD, "the configuration no longer has this recipient or channel")
        else:
            self._send(row, Letter(row.form, tuple(told)), recipient, url, self._key(row, notices))

    def _send(self, row: OutboxRow, letter: Letter, recipient: Recipient, url: str, key: str) -> None:
        pictures = self._pictures if row.attempts < _WITH_PICTURES else None
        message = self._composer.compose(letter, recipient, pictures)
        try:
            self._transport.send(url, message, kind=letter.kind, key=key)
        except ChannelError as error:
            self._failed(row, recipient, error)
            return
        self._finish(row, Status.SENT)
        self.sent += 1
        self.last_error = None
        self._paces.pop((row.recipient, row.channel), None)
        self._paces.pop(row.id, None)
        incidents = ", ".join(map(str, row.incidents)) or "none"
        _log.info("told %s by %s: %s, incidents %s", row.recipient, row.channel, letter.kind, incidents)

    def _key(self, row: OutboxRow, notices: list[Notice]) -> str:
        """The same for each attempt, and for no other letter: a restored store may give its numbers again."""
        first = notices[0]
        what = f"{first.incident}-{first.since_ms}-{first.kind}"
        if len(notices) > 1 or first.kind not in _ONCE:
            what += f"-{hashlib.blake2b(msgspec.json.encode(notices), digest_size=6).hexdigest()}"
        return f"{self._store.installation}-{what}-{row.recipient}-{row.channel}"

    def _failed(self, row: OutboxRow, recipient: Recipient, error: ChannelError) -> None:
        attempts = row.attempts + 1
        self.failed += 1
        self.last_error = f"{row.recipient} by {row.channel}: {error}"
        self._slow_down(row, row.attempts)
        following = next_channel(recipient, row.channel)
        failures = max(attempts, self._paces[row.recipient, row.channel].failures)
        if following is not None and (error.for_good or failures >= recipient.next_channel_after):
            _log.warning("attempt %d to tell %s failed: sent on by %s", attempts, self.last_error, following)
            with self._store.begin() as connection:
                outbox_rows.pass_on(connection, row, following, time_ms=self._clock.time_ms(), error=str(error))
            return
        dead = attempts >= self._rules.max_attempts
        _log.warning("attempt %d to tell %s failed%s", attempts, self.last_error, ": given up" if dead else "")
        self._finish(row, Status.DEAD if dead else Status.DUE, str(error))

    def _slow_down(self, row: OutboxRow, attempts: int) -> None:
        now = self._clock.monotonic()
        channel = (row.recipient, row.channel)
        failures = self._paces.get(channel, _Pace()).failures
        self._paces[channel] = _Pace(failures + 1, now + self._wait_s(failures))
        self._paces[row.id] = _Pace(attempts + 1, now + self._wait_s(attempts))

    def _wait_s(self, failures: int) -> float:
        """Twice the last wait, up to the longest, and by chance up to a quarter less."""
        longest = min(self._rules.max_retry_s, self._rules.first_retry_s * 2 ** min(failures, 30))
        return float(longest * random.uniform(0.75, 1.0))

    def _finish(self, row: OutboxRow, status: Status, error: str = "") -> None:
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
