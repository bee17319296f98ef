"""Fills the outbox with letters and empties it: marks a letter, sends it, and confirms it; retries back off.

A letter that cannot be delivered goes on to the next channel, or becomes a dead letter that the operator sees.

After a crash in the middle of sending, nobody knows whether the letter arrived. It is sent again with the same
key, by which a receiver can drop the repeat.
"""

import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait

import msgspec
from sqlalchemy import Connection

from pantau_collector.clock import Clock
from pantau_collector.delivery.back_off import BackOffs, ChannelKey
from pantau_collector.delivery.dispatch import channels, dispatch, next_channels, targets_of
from pantau_collector.notices.attachments import PictureSource
from pantau_collector.notices.channel import ChannelError, server_of
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.letter import Letter
from pantau_collector.notices.notice import OUTAGE_NOTICES, Notice, NoticeKind
from pantau_collector.notices.recipients import NoticeRules, Recipient
from pantau_collector.notices.transport import Transport
from pantau_collector.periodic import PeriodicThread
from pantau_collector.store import Store, StoreError, notice_rows, outbox_rows
from pantau_collector.store.outbox_rows import OutboxRow, Status

POLL_EVERY_S = 0.5
"""Seconds between two looks into the outbox."""
STOP_WITHIN_S = 20.0
"""Seconds for which `stop` waits for the sends in flight: a mail server may take ten minutes for its answer."""
SLOW_AFTER_S = 2.0
"""Seconds after which a send no longer holds the place of another to the same server."""
_MAX_PARALLEL_FACTOR = 4
"""How many times `parallel` sends to one server there may be at most, the slow ones included."""
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
    """One thread that polls the outbox, and one for each send. A channel sends one letter at a time.

    A channel that is slow or gone delays no other, not even on the same server. Once two letters have failed on
    it, it is tried with a single letter until it works again; a letter that fails alone holds back only itself.
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
        self._started: dict[ChannelKey, float] = {}
        """When each channel's latest send was started (monotonic)."""
        self._thread = PeriodicThread(
            "sender",
            self._step,
            failure="the outbox cannot be read",
            first_wait_s=POLL_EVERY_S,
            retry_s=POLL_EVERY_S,
            expected=(StoreError,),
        )
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
        """Stop, once the sends in flight are finished or `STOP_WITHIN_S` have passed.

        A letter whose send is not finished by then is sent again after the next start.
        """
        self._thread.stop()
        _, unfinished = wait(self._in_flight.values(), STOP_WITHIN_S)
        if unfinished:
            _log.warning("%d letters were still being sent; they are sent again after the start", len(unfinished))

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
            self._in_flight[row.recipient, row.channel] = _run_in_thread(self._deliver, row)
            self._started[row.recipient, row.channel] = self._clock.monotonic()
        return len(chosen)

    def _step(self) -> float:
        self.run_once()
        return POLL_EVERY_S

    def _skip_failing_channel(self, connection: Connection, row: OutboxRow) -> bool:
        """Pass a row on at once if its channel is failing and is not due for another attempt."""
        recipient, channel = self._recipients.get(row.recipient), (row.recipient, row.channel)
        following = next_channels(recipient, row.channel) if recipient else []
        if recipient is None or not following or channel in self._in_flight:
            return False
        failures = self._back_offs.failures(channel)
        if failures < recipient.next_channel_after or not self._back_offs.is_waiting(channel):
            return False
        error = f"this channel fails; sent on by {', '.join(following)}"
        outbox_rows.pass_on(connection, row, following, time_ms=self._clock.time_ms(), error=error)
        return True

    def _choose(self, rows: list[OutboxRow]) -> list[OutboxRow]:
        """Choose at most one row per channel: the least tried, unless an earlier one has the same incidents.

        A report of an outage does not wait for an earlier one that has failed: that one may never arrive.
        """
        chosen: dict[ChannelKey, OutboxRow] = {}
        waiting: set[tuple[str, str, int]] = set()
        failed: set[tuple[str, str, int]] = set()
        for row in rows:
            channel = (row.recipient, row.channel)
            queue = (row.recipient, "" if self._is_in_order(row.recipient) else row.channel)
            keys = {(*queue, incident) for incident in row.incidents}
            first = waiting.isdisjoint(keys) and (row.kind in OUTAGE_NOTICES or failed.isdisjoint(keys))
            backs_off = self._back_offs.must_wait(channel, row.id)
            (failed if self._back_offs.is_waiting(row.id) else waiting).update(keys)
            if not first or backs_off or channel in self._in_flight:
                continue
            if channel not in chosen or row.attempts < chosen[channel].attempts:
                chosen[channel] = row
        return self._limit_per_server(list(chosen.values()))

    def _limit_per_server(self, rows: list[OutboxRow]) -> list[OutboxRow]:
        """Return the rows that may be sent now, so that no server has more than `parallel` sends of ours.

        Sends that take long are not counted, up to a limit of their own. Channels that fail come last.
        """
        slow_before = self._clock.monotonic() - SLOW_AFTER_S
        servers = Counter(map(self._server_of, self._in_flight))
        quick = Counter(self._server_of(each) for each in self._in_flight if self._started[each] > slow_before)
        allowed = []
        for row in sorted(rows, key=lambda row: self._back_offs.failures((row.recipient, row.channel))):
            server, parallel = self._server_of((row.recipient, row.channel)), self._rules.parallel
            if quick[server] < parallel and servers[server] < parallel * _MAX_PARALLEL_FACTOR:
                quick[server] += 1
                servers[server] += 1
                allowed.append(row)
        return allowed

    def _server_of(self, channel: ChannelKey) -> tuple[str, str]:
        recipient = self._recipients.get(channel[0])
        url = channels(recipient).get(channel[1]) if recipient else None
        return server_of(url) if url else ("", "")

    def _is_in_order(self, recipient: str) -> bool:
        known = self._recipients.get(recipient)
        return known is not None and known.delivery == "in_order"

    def _deliver(self, row: OutboxRow) -> None:
        try:
            self._attempt(row)
        except StoreError as error:
            # The row stays in `sending`, so it is sent again with the same key.
            self._record_failure(row)
            _log.error("the outbox cannot be written; the notice is sent again: %s", error)
        except Exception:  # noqa: BLE001 - the next letter must be sent all the same
            self._record_failure(row)
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
        elif recipient is not None and url is None and (targets := targets_of(recipient, row.channel)):
            self._pass_on(row, targets, "each address of this URL is a channel of its own now")
        elif recipient is None or url is None:
            self._finish(row, Status.DEAD, "the configuration no longer has this recipient or channel")
        else:
            self._send(row, Letter(row.form, tuple(relevant)), recipient, url, self._key(row, notices))

    def _send(self, row: OutboxRow, letter: Letter, recipient: Recipient, url: str, key: str) -> None:
        wanted = recipient.pictures and row.attempts < _ATTEMPTS_WITH_PICTURES
        pictures = self._pictures if wanted else None
        try:
            self._send_once(letter, recipient, url, key, pictures)
        except ChannelError as error:
            self._failed(row, recipient, error)
            return
        self._finish(row, Status.SENT)
        self.sent += 1
        self.last_error = None
        self._back_offs.clear((row.recipient, row.channel), row.id)
        incidents = ", ".join(map(str, row.incidents)) or "none"
        _log.info("told %s by %s: %s, incidents %s", row.recipient, row.channel, letter.kind, incidents)

    def _send_once(
        self, letter: Letter, recipient: Recipient, url: str, key: str, pictures: PictureSource | None
    ) -> None:
        """Send the letter; if it is refused for good, and it may be because of its pictures, then without them."""
        message = self._composer.compose(letter, recipient, pictures)
        try:
            self._transport.send(url, message, kind=letter.kind, key=key)
        except ChannelError as error:
            if not (message.pictures and error.for_good and error.content):
                raise
            _log.warning("a notice to %s is sent without its pictures: %s", recipient.id, error)
            message = self._composer.compose(letter, recipient, None)
            self._transport.send(url, message, kind=letter.kind, key=key)

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
        channel = (row.recipient, row.channel)
        if error.for_good:
            self._back_offs.clear(channel, row.id)
        else:
            self._record_failure(row)
        following = next_channels(recipient, row.channel)
        failures = max(attempts, self._back_offs.failures(channel))
        if following and (error.for_good or failures >= recipient.next_channel_after):
            _log.warning(
                "attempt %d to tell %s failed: sent on by %s", attempts, self.last_error, ", ".join(following)
            )
            self._pass_on(row, following, str(error))
            return
        dead = error.for_good or attempts >= self._rules.max_attempts
        _log.warning("attempt %d to tell %s failed%s", attempts, self.last_error, ": given up" if dead else "")
        self._finish(row, Status.DEAD if dead else Status.DUE, str(error))

    def _record_failure(self, row: OutboxRow) -> None:
        self._back_offs.record_failure((row.recipient, row.channel), row.id, row.attempts)

    def _pass_on(self, row: OutboxRow, following: list[str], error: str) -> None:
        with self._store.begin() as connection:
            outbox_rows.pass_on(connection, row, following, time_ms=self._clock.time_ms(), error=error)

    def _finish(self, row: OutboxRow, status: Status, error: str = "") -> None:
        if status is Status.DEAD:
            self._back_offs.forget_letter((row.recipient, row.channel), row.id)
        with self._store.begin() as connection:
            outbox_rows.finish(connection, row.id, status, time_ms=self._clock.time_ms(), error=error)

    def _count(self, *statuses: Status) -> int:
        try:
            with self._store.begin() as connection:
                return outbox_rows.count(connection, *statuses)
        except StoreError:
            return 0


def _run_in_thread(deliver: Callable[[OutboxRow], None], row: OutboxRow) -> Future[None]:
    """Start to deliver a row on a thread that does not keep the process alive."""
    future: Future[None] = Future()

    def run() -> None:
        try:
            deliver(row)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)
        else:
            future.set_result(None)

    threading.Thread(target=run, name=f"notice-{row.id}", daemon=True).start()
    return future
