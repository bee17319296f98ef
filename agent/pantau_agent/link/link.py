"""MQTT to the collector: birth and will, states again on each connection, live batches first, then the backlog.

The spool is the queue: a batch leaves it only when the collector's receipt says that it has it. States and
snapshots have no receipts: a state is in the next batch and is sent again on each connection, and of the
snapshots, which are not spooled, the newest of each camera waits in memory without a connection.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable

from pantau_agent.clock import Clock
from pantau_agent.config import AgentConfig, Camera
from pantau_agent.configuration_digest import configuration_digest
from pantau_agent.identity.firmware import about as about_configured
from pantau_agent.link.connection import (
    Acknowledged,
    Connected,
    Event,
    Lost,
    MqttConnection,
    Refused,
    SessionMessages,
)
from pantau_agent.link.problem import Problem, ReconnectBackoff, closed_at_once, from_error, silent
from pantau_agent.link.protocol import ProtocolChoice
from pantau_agent.link.traffic import LinkTraffic
from pantau_agent.spool import Batch, Spool
from pantau_contract.messages import Birth, CameraAbout, CameraState, Command, Death, Reply, Start, connection_name
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.version import __version__
from pantau_contract.wire import encode

_log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 15
"""Seconds within which CONNACK must come."""
ACKNOWLEDGE_WITHIN_S = 60
"""Seconds after which a connection without any acknowledgement is given up, whatever its keep-alive reports."""
_CHECK_EVERY_S = 5
"""Seconds at most between two checks of what is due."""
_LEAVE_WITHIN_S = 2
"""Seconds within which a clean death must be acknowledged."""
_SHORT_S = 10
"""Seconds under which a connection was short."""
_SHORT_CONNECTIONS = 3
"""Short connections in a row that suggest a second agent with the same site id."""


class _EndedError(Exception):
    """The connection is over."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


class Link:
    """Keeps a connection whenever there can be one. `run` runs it, `close` ends it in good order.

    `status` is the connection's state as text, `connected` whether there is one, `broker_certificate_ends_ms` when
    the certificate ends (UTC ms) that the broker showed last. All methods belong to the event
    loop of `run`.
    """

    def __init__(
        self,
        config: AgentConfig,
        spool: Spool,
        clock: Clock,
        about: Callable[[Camera], CameraAbout] = about_configured,
        start: Callable[[], Start | None] = lambda: None,
        actions: tuple[str, ...] = (),
    ) -> None:
        """Prepare the link.

        Args:
            config: the agent's configuration.
            spool: the queue of batches.
            clock: the time.
            about: returns what is known of a camera, for the birth.
            start: returns the dated start of the agent, for the birth, or None while it cannot be dated.
            actions: the commands that the agent takes, for the birth.
        """
        self._config = config
        self._about = about
        self._dated_start = start
        self._actions = actions
        self._site = config.site.id
        self._configuration = configuration_digest(config)
        self._spool = spool
        self._clock = clock
        self._traffic = LinkTraffic(config, spool, clock)
        self._backoff = ReconnectBackoff()
        self._choice = ProtocolChoice(config.broker.protocol)
        self._inbox: asyncio.Queue[Event | None] = asyncio.Queue()
        self._closing = asyncio.Event()
        self._close_by = math.inf
        self._reconnecting = False
        self._session = 0
        self._short_connections = 0
        self._logged_problem = ""
        broker = config.broker
        self._shown = {"tls": broker.tls, "certificate": broker.tls_certificate is not None}
        self.status = "not connected yet"
        self.connected = False
        self.broker_certificate_ends_ms: int | None = None

    @property
    def commands(self) -> asyncio.Queue[Command]:
        """The commands received, to be answered."""
        return self._traffic.commands.queue

    @property
    def connection(self) -> str:
        """The name of the connection in progress, or of the latest."""
        return connection_name(self._spool.boot, self._session)

    @property
    def receipt_ms(self) -> int | None:
        """When the collector's last receipt came (UTC ms); None if there was none since the start."""
        return self._traffic.receipt_ms

    def offer_state(self, state: CameraState, *, at_once: bool) -> None:
        """Add a camera's state, to be sent now, or only on the next connection."""
        self._traffic.offer_state(state, at_once=at_once)
        self._wake()

    def offer_snapshot(self, camera: str, snapshot: bytes) -> None:
        """Add a stamped snapshot."""
        self._traffic.offer_snapshot(camera, snapshot)
        self._wake()

    def offer_batch(self, batch: Batch) -> None:
        """Add a batch that has just been spooled."""
        self._traffic.offer_batch(batch)
        self._wake()

    def offer_reply(self, reply: Reply) -> None:
        """Add the reply to a command."""
        self._traffic.offer_reply(reply)
        self._wake()

    async def run(self) -> None:
        """Connect, send, and connect again, until closed."""
        while not self._closing.is_set():
            problem, lasted_s = await self._run_connection()
            if problem is None:
                continue  # it was closed, or should reconnect
            if problem.misunderstood and self._choice.misunderstood():
                continue
            self._log_problem(problem, lasted_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._backoff.delay_s(problem, lasted_s=lasted_s)):
                    await self._closing.wait()

    def reconnect(self) -> None:
        """Let `run` connect again, because something that a birth contains has changed."""
        self._reconnecting = True
        self._wake()

    def close(self, *, within_s: float) -> None:
        """Let `run` send what is live, publish a clean death, and end."""
        self._close_by = self._clock.monotonic() + within_s
        self._closing.set()
        self._wake()

    async def _run_connection(self) -> tuple[Problem | None, float]:
        """Run one connection, and return why it ended (None: we ended it), and how many seconds it lasted."""
        self._reconnecting = False
        self._inbox = asyncio.Queue()
        self._session = await self._spool.next_session()
        client_id = f"pantau-agent-{self._site}"
        connection = MqttConnection(
            self._config.broker, self._choice.protocol, client_id, self._session_messages(), self._inbox
        )
        since = math.inf
        try:
            if not await self._open(connection):
                return None, 0.0
            since = self._clock.monotonic()
            self._choice.accepted()
            await self._traffic.begin(connection)
            await self._send_until_end(connection)
            if self._closing.is_set():
                await self._leave(connection)
        except _EndedError as ended:
            problem = ended.problem
        except (OSError, ValueError) as error:
            problem = from_error(error, **self._shown)
        else:
            return None, 0.0
        finally:
            self.connected = False
            self._traffic.end()
            await connection.close()
        return problem, max(0.0, self._clock.monotonic() - since)

    async def _open(self, connection: MqttConnection) -> bool:
        """Open the connection, and return False if `close` was called before the broker accepted it."""
        opening = asyncio.create_task(self._connect(connection))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({opening, closing}, return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                opening.result()
            return opening.done()
        finally:
            opening.cancel()
            closing.cancel()

    async def _connect(self, connection: MqttConnection) -> None:
        """Connect, and wait for the broker to accept."""
        await connection.open()
        deadline = self._clock.monotonic() + ANSWER_WITHIN_S
        while (remaining_s := deadline - self._clock.monotonic()) > 0:
            match event := await self._next_event(remaining_s):
                case Connected():
                    self.status = "connected to the broker"
                    self.connected = True
                    self.broker_certificate_ends_ms = connection.broker_certificate_ends_ms()
                    self._logged_problem = ""
                    _log.info("connected to the broker %s, %d batches to send", self._address, self._spool.batches)
                    return
                case Lost(Problem(refused=False)):  # paho reports no more than that it ended
                    raise _EndedError(closed_at_once(**self._shown))
            self._handle(event)
        raise _EndedError(silent(tls=self._config.broker.tls))

    async def _send_until_end(self, connection: MqttConnection) -> None:
        """Send what is due and handle what comes, until closed with nothing live left, or to reconnect."""
        while not self._is_over():
            await self._traffic.send_due(connection)
            due_in_s = self._traffic.due_in_s()
            self._handle(
                await self._next_event(_CHECK_EVERY_S if due_in_s is None else min(due_in_s, _CHECK_EVERY_S))
            )
            if self._traffic.unacknowledged_s() > ACKNOWLEDGE_WITHIN_S:
                raise _EndedError(Problem(f"it has acknowledged nothing for {ACKNOWLEDGE_WITHIN_S} s"))

    def _is_over(self) -> bool:
        if self._closing.is_set():
            return self._traffic.live_done or self._clock.monotonic() > self._close_by
        return self._reconnecting

    async def _leave(self, connection: MqttConnection) -> None:
        """Publish a clean death, and wait for its acknowledgement for a moment."""
        death = Death(site=self._site, boot=self._spool.boot, session=self._session, clean=True)
        mid = connection.publish(str(Topic(self._site, TopicKind.AGENT)), encode(death), retain=True)
        deadline = self._clock.monotonic() + _LEAVE_WITHIN_S
        while (remaining_s := deadline - self._clock.monotonic()) > 0:
            event = await self._next_event(remaining_s)
            self._handle(event)
            if isinstance(event, Acknowledged) and event.mid == mid:
                return

    async def _next_event(self, within_s: float) -> Event | None:
        """Return the next event, or None if there is something new to send, or nothing came in time."""
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                return await self._inbox.get()
        return None

    def _handle(self, event: Event | None) -> None:
        match event:
            case Lost(problem):
                raise _EndedError(problem)
            case Refused(mid, problem):
                if not self._traffic.drop_refused(mid):
                    raise _EndedError(problem)
            case _:
                self._traffic.handle(event)

    def _session_messages(self) -> SessionMessages:
        birth = Birth(
            site=self._site,
            boot=self._spool.boot,
            session=self._session,
            time=self._clock.time_ms(),
            version=__version__,
            interval_s=self._config.report.interval_s,
            name=self._config.site.name,
            cameras=tuple(self._about(camera) for camera in self._config.camera),
            start=self._dated_start(),
            configuration=self._configuration,
            actions=self._actions,
        )
        return SessionMessages(
            agent_topic=str(Topic(self._site, TopicKind.AGENT)),
            birth=encode(birth),
            will=encode(Death(self._site, self._spool.boot, self._session)),
            command_topic=str(Topic(self._site, TopicKind.COMMAND)),
            receipt_topic=str(Topic(self._site, TopicKind.ACK)),
        )

    def _log_problem(self, problem: Problem, lasted_s: float) -> None:
        """Log a new problem as a warning, and the same one again at debug level."""
        self._short_connections = self._short_connections + 1 if 0 < lasted_s < _SHORT_S else 0
        text = problem.text
        if self._short_connections >= _SHORT_CONNECTIONS:
            text += (
                f"; again and again soon after connecting: is there another agent with the site id {self._site!r}?"
            )
        self.status = f"no broker: {text}"
        level = logging.DEBUG if text == self._logged_problem else logging.WARNING
        self._logged_problem = text
        _log.log(level, "no connection to the broker %s: %s. Batches wait in the spool", self._address, text)

    def _wake(self) -> None:
        """Let the sending loop look for something new to send."""
        if self._inbox.empty():
            self._inbox.put_nowait(None)

    @property
    def _address(self) -> str:
        return f"{self._config.broker.host}:{self._config.broker.port}"
