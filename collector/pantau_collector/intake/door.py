"""What each message from the broker passes on its way to the inbox, and what is to be published in return.

Our own probes and the broker's figures end here. What a site sends passes the quarantine, which has a flooding
site shut out, and the admission, which drops what is over its rate. It knows no connection, and sends nothing.
"""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from pantau_collector.intake.admission import Admission
from pantau_collector.intake.broker_figures import BrokerFigures
from pantau_collector.intake.buffered_socket import LARGE, Arriving
from pantau_collector.intake.delivery_probe import PROBE_PREFIX, PROBE_SITE, DeliveryProbe
from pantau_collector.intake.drop_reports import DropReports
from pantau_collector.intake.inbox import Inbox, Incoming
from pantau_collector.intake.quarantine import TOPIC as COMMANDS
from pantau_collector.intake.quarantine import Quarantine
from pantau_collector.intake.receipts import Receipts
from pantau_contract.topics import site_of

_STALL_S = 1.0
"""Seconds of waiting for room in the inbox after which what the broker has kept is no flood."""


class Outgoing(NamedTuple):
    """A message to publish."""

    topic: str
    payload: bytes
    qos: int


class Door:
    """The way from the broker to the inbox: `look_ahead`, then `is_wanted` where that is asked, then `enter`.

    These three belong to the thread that reads from the broker; any thread may use the rest.
    """

    def __init__(
        self,
        inbox: Inbox,
        admission: Admission | None = None,
        quarantine: Quarantine | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inbox = inbox
        self._admission = admission or Admission(DropReports(), is_congested=lambda _: False)
        self._quarantine = quarantine
        self._monotonic = monotonic
        self._commands: deque[bytes] = deque()
        self.probe = DeliveryProbe()
        self.figures = BrokerFigures()
        """What the broker reports of itself."""
        self.receipts = Receipts()
        """What agents may delete; receipts for it are published while we are connected."""
        self.received = 0
        self.received_bytes = 0
        self.shut_out = 0
        """Messages that were dropped because their site floods the broker."""

    def begin(self, connection: int) -> None:
        """Begin with a new connection, which is not accepted yet."""
        self._admission.catch_up.begin(connection)

    def note_accepted(self) -> None:
        """Note that the broker has accepted the connection: what it has kept will come at once."""
        if self._quarantine is not None:
            self._quarantine.begin()

    def note_connected(self) -> None:
        """Note that the broker has our subscriptions, so that probes of them must return."""
        self.probe.begin(self._monotonic())

    @property
    def is_caught_up(self) -> bool:
        """True once all has arrived that the broker had kept while we were away."""
        return self._admission.catch_up.is_over

    @property
    def is_wary(self) -> bool:
        """True while small messages too are to be asked for with `is_wanted`: some site is shut out."""
        return self._quarantine is not None and self._quarantine.is_in_use

    def look_ahead(self, packets: Iterable[Arriving]) -> None:
        """Count what each site sends, before any of it takes the time of being read."""
        if self._quarantine is None:
            return
        sent: dict[str, list[int]] = {}
        for size, topic, _ in packets:
            sent.setdefault(site_of(topic.decode(errors="replace")), []).append(size)
        for site, sizes in sent.items():
            if site != PROBE_SITE and not self._quarantine.admits(site, len(sizes), sum(sizes)):
                self._commands += self._quarantine.commands_for(site)

    def is_wanted(self, topic: bytes, size: int) -> bool:
        """Return True if a message is to be read, which comes to `enter` then; otherwise it is counted here."""
        text = topic.decode(errors="replace")
        site = site_of(text)
        if self._quarantine is not None and self._quarantine.shuts_out(site):
            self.shut_out += 1
        elif size < LARGE or self._admission.is_open(text, size, self._monotonic()):
            return True
        self.received += 1
        self.received_bytes += size
        return False

    def enter(self, message: Incoming) -> bool:
        """Pass a message on, waiting while the inbox is full; return False if it is done with already."""
        now_s = self._monotonic()
        site = site_of(message.topic)
        self._admission.catch_up.note_arrived(message.payload)
        if site == PROBE_SITE and message.payload.startswith(PROBE_PREFIX):
            self.probe.note_returned(message.payload, now_s)
            return False
        if message.topic.startswith("$"):
            self.figures.note(message.topic, message.payload, now_s)
            return False
        size = len(message.payload)
        self.received += 1
        self.received_bytes += size
        if not self._admission.take(message.topic, size, now_s):
            return False
        self._inbox.put(message)
        if self._quarantine is not None and self._monotonic() - now_s > _STALL_S:
            self._quarantine.begin()
        return True

    def take_commands(self) -> Iterable[Outgoing]:
        """Remove and yield what the broker is to be asked at once: to shut a site out."""
        while self._commands:
            with contextlib.suppress(IndexError):  # another thread has just taken it
                yield Outgoing(COMMANDS, self._commands.popleft(), qos=0)

    def take_receipts(self) -> Iterable[Outgoing]:
        """Remove and yield the receipts of what was written."""
        for topic, payload in self.receipts.take():
            yield Outgoing(topic, payload, qos=0)

    def take_due(self) -> Iterable[Outgoing]:
        """Remove and yield all that is to be published now."""
        now_s = self._monotonic()
        for topic, payload in self.probe.take_due(now_s):
            yield Outgoing(topic, payload, qos=0)
        for topic, payload in self._admission.catch_up.take_due(now_s):
            yield Outgoing(topic, payload, qos=1)
        yield from self.take_receipts()
        if self._quarantine is not None:
            self._commands += self._quarantine.take_due()
        yield from self.take_commands()
