"""MQTT to the collector: birth and will, states anew on each connection, live first, then the backlog.

The spool is the queue: a batch leaves it only when the broker has acknowledged it. Snapshots are not spooled;
while there is no connection the newest of each camera waits in memory.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable

from pantau_agent.clock import Clock
from pantau_agent.config import AgentConfig, Camera
from pantau_agent.identity.firmware import about as about_configured
from pantau_agent.link.connection import Asked, Connected, Connection, Event, Letters, Lost, Taken
from pantau_agent.link.dating import Dating
from pantau_agent.link.leftovers import Leftovers
from pantau_agent.link.precedence import PAGE, Precedence, What
from pantau_agent.link.problem import Backoff, Problem, closed_at_once, from_error, silent
from pantau_agent.link.protocol import Choice
from pantau_agent.spool import Batch, Spool
from pantau_contract.errors import ContractError
from pantau_contract.messages import Birth, CameraAbout, CameraState, Command, Death, Reply
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.version import __version__
from pantau_contract.wire import decode, encode

_log = logging.getLogger(__name__)

_ANSWER_WITHIN_S = 15
"""CONNACK must come within this."""
_TAKE_WITHIN_S = 60
"""A connection on which nothing is acknowledged for so long is given up, whatever its keep-alive says."""
_CLOCK_SET_WITHIN_S = 60
_CLOCK_SET_WITHIN_INTERVALS = 2
"""With an uplink a time server answers soon. To hold back for longer would look like an outage, and many a virtual
machine's clock is right though nobody says so: so it is waited for once, at the first connection."""
_LOOK_EVERY_S = 5
_LEAVE_WITHIN_S = 2
_SHORT_S = 10
_SHORT_LIVES = 3
_MAX_COMMANDS = 16

_KINDS = {
    What.STATE: TopicKind.STATE,
    What.REPLY: TopicKind.REPLY,
    What.LIVE: TopicKind.TELEMETRY,
    What.BACKLOG: TopicKind.TELEMETRY,
    What.SNAPSHOT: TopicKind.SNAPSHOT,
}


class _EndedError(Exception):
    """The connection is over."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


class Link:
    """Keeps a connection whenever there can be one. `run` is its life; `close` ends it in good order.

    `commands` is what was asked from afar. All methods belong to the event loop of `run`.
    """

    def __init__(
        self,
        config: AgentConfig,
        spool: Spool,
        clock: Clock,
        about: Callable[[Camera], CameraAbout] = about_configured,
    ) -> None:
        self._config = config
        self._about = about
        self._site = config.site.id
        self._spool = spool
        self._clock = clock
        self._dating = Dating(self._site, spool.boot, compress=config.report.compress)
        self._order = Precedence(backlog_per_s=config.spool.backlog_per_s)
        self._backoff = Backoff()
        self._inbox: asyncio.Queue[Event | None] = asyncio.Queue()
        self._closing = asyncio.Event()
        self._anew = False
        self._close_by_s = math.inf
        self._patience_s = min(_CLOCK_SET_WITHIN_S, _CLOCK_SET_WITHIN_INTERVALS * config.report.interval_s)
        self._patient_until_s = 0.0
        self._choice = Choice(config.broker.protocol)
        self._leftovers = Leftovers(spool, (camera.id for camera in config.camera))
        self._unheard = False
        self._session = 0
        self._short_lives = 0
        self._told = ""
        self.commands: asyncio.Queue[Command] = asyncio.Queue(_MAX_COMMANDS)
        self.status = "not connected yet"

    def offer_state(self, state: CameraState, *, at_once: bool) -> None:
        """A camera's state: to be told now, or only kept for the next connection."""
        self._order.offer_state(state.camera, encode(state), at_once=at_once)
        self._look_again()

    def offer_snapshot(self, camera: str, snapshot: bytes) -> None:
        """A stamped snapshot."""
        self._order.offer_snapshot(camera, snapshot)
        self._look_again()

    def offer_batch(self, batch: Batch) -> None:
        """A batch that has just been spooled."""
        self._dating.learn(batch)
        self._order.offer_live(batch)
        self._look_again()

    def offer_reply(self, reply: Reply) -> None:
        """What came of a command."""
        self._order.offer_reply(encode(reply))
        self._look_again()

    async def run(self) -> None:
        """Connects, sends, and connects again, until closed."""
        while not self._closing.is_set():
            problem, lasted_s = await self._one_connection()
            if problem is None:
                continue  # it was closed, or is to begin anew
            if problem.misunderstood and self._choice.misunderstood():
                continue
            self._say(problem, lasted_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._backoff.delay_s(problem, lasted_s=lasted_s)):
                    await self._closing.wait()

    def begin_anew(self) -> None:
        """Lets `run` connect again: something that a birth tells has changed."""
        self._anew = True
        self._look_again()

    def close(self, *, within_s: float) -> None:
        """Lets `run` send what is live, publish a clean death, and end."""
        self._close_by_s = self._now_s() + within_s
        self._closing.set()
        self._look_again()

    async def _one_connection(self) -> tuple[Problem | None, float]:
        """Why it ended (None: we ended it), and how many seconds it held."""
        self._anew = False
        self._inbox = asyncio.Queue()
        self._session = await self._spool.begin_session()
        client_id = f"pantau-agent-{self._site}"
        connection = Connection(
            self._config.broker, self._choice.protocol, client_id, self._letters(), self._inbox
        )
        since_s = math.inf
        try:
            if not await self._opened(connection):
                return None, 0.0
            since_s = self._now_s()
            self._choice.accepted()
            self._order.connected()
            self._unheard = False
            await self._clear_leftovers(connection)
            self._patient_until_s = self._patient_until_s or since_s + self._patience_s
            await self._send(connection)
            if self._closing.is_set():
                await self._take_leave(connection)
        except _EndedError as ended:
            problem = ended.problem
        except (OSError, ValueError) as error:
            problem = from_error(error, tls=self._config.broker.tls)
        else:
            return None, 0.0
        finally:
            self._order.disconnected()
            self._spool.doubt()
            await connection.close()
        return problem, max(0.0, self._now_s() - since_s)

    async def _opened(self, connection: Connection) -> bool:
        """Whether there is a connection; False where it was closed before there was one."""
        opening = asyncio.create_task(self._open(connection))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({opening, closing}, return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                opening.result()
            return opening.done()
        finally:
            opening.cancel()
            closing.cancel()

    async def _open(self, connection: Connection) -> None:
        await connection.open()
        await self._accepted()

    async def _accepted(self) -> None:
        """Waits for the broker's answer."""
        deadline_s = self._now_s() + _ANSWER_WITHIN_S
        while (left_s := deadline_s - self._now_s()) > 0:
            match event := await self._event(left_s):
                case Connected():
                    self.status = "connected to the broker"
                    self._told = ""
                    _log.info("connected to the broker %s, %d batches to send", self._address, self._spool.batches)
                    return
                case Lost(Problem(refused=False)):  # paho says only that it ended
                    raise _EndedError(closed_at_once(tls=self._config.broker.tls))
            self._handle(event)
        raise _EndedError(silent(tls=self._config.broker.tls))

    async def _send(self, connection: Connection) -> None:
        """Sends what is due, and listens, until closed and nothing live is left, or all is to begin anew."""
        while not self._is_to_end():
            after = self._order.backlog_after()
            if after is not None:
                page = await self._spool.after(after, PAGE)
                dated = await self._dated(page, patient=self._now_s() < self._patient_until_s)
                self._order.offer_backlog(dated, more=len(dated) < len(page))
            while (message := self._order.next(self._now_s())) is not None:
                topic = str(Topic(self._site, _KINDS[message.what], message.camera or None))
                mid = connection.publish(topic, message.payload, retain=message.what is What.STATE)
                self._order.sent(mid, message, self._now_s())
            wait_s = self._order.due_in_s(self._now_s())
            self._handle(await self._event(_LOOK_EVERY_S if wait_s is None else min(wait_s, _LOOK_EVERY_S)))
            if self._order.waiting_s(self._now_s()) > _TAKE_WITHIN_S:
                raise _EndedError(Problem(f"it has acknowledged nothing for {_TAKE_WITHIN_S} s"))

    def _is_to_end(self) -> bool:
        if self._closing.is_set():
            return self._order.live_done or self._now_s() > self._close_by_s
        return self._anew

    async def _dated(self, page: list[Batch], *, patient: bool) -> list[Batch]:
        """The page as it is to be sent, up to the first batch whose time is not known yet."""
        dated: list[Batch] = []
        for batch in page:
            if batch.clock_synchronised is False and (later := await self._spool.clock_set_in(batch.boot)):
                self._dating.learn(later)
            known = self._dating.date(batch, patient=patient)
            if known is None:
                break
            if known is not batch:
                await self._spool.settle(known)
            dated.append(known)
        return dated

    async def _take_leave(self, connection: Connection) -> None:
        """A clean death, acknowledged if there is time for it."""
        death = Death(site=self._site, boot=self._spool.boot, session=self._session, clean=True)
        mid = connection.publish(str(Topic(self._site, TopicKind.AGENT)), encode(death), retain=True)
        deadline_s = self._now_s() + _LEAVE_WITHIN_S
        while (left_s := deadline_s - self._now_s()) > 0:
            event = await self._event(left_s)
            self._handle(event)
            if isinstance(event, Taken) and event.mid == mid:
                return

    async def _event(self, within_s: float) -> Event | None:
        """The next event; None where there is only something new to send, or nothing came within the time."""
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
            case Taken(mid, heard):
                self._leftovers.taken(mid)
                message = self._order.acknowledged(mid)
                if message is not None and message.batch_id:
                    self._taken(message.batch_id, heard=heard)
            case Asked(payload):
                self._take_command(payload)

    def _taken(self, batch_id: int, *, heard: bool) -> None:
        """A batch that no collector gets, and no queue keeps for one, stays in the spool until there is one."""
        if heard:
            self._spool.acknowledge(batch_id)
            if self._unheard:
                self._unheard = False
                self._order.read_again()
        elif not self._unheard:
            self._unheard = True
            _log.warning("no collector has subscribed at the broker %s: batches wait in the spool", self._address)

    async def _clear_leftovers(self, connection: Connection) -> None:
        for camera in await self._leftovers.begin():
            topic = str(Topic(self._site, TopicKind.STATE, camera))
            self._leftovers.sent(connection.publish(topic, b"", retain=True))

    def _take_command(self, payload: bytes) -> None:
        try:
            command = decode(Topic(self._site, TopicKind.COMMAND), payload)
        except ContractError as error:
            _log.warning("a command that breaks the contract is ignored: %s", error)
            return
        if isinstance(command, Command):
            with contextlib.suppress(asyncio.QueueFull):  # asked too fast: whoever asks asks again
                self.commands.put_nowait(command)

    def _letters(self) -> Letters:
        birth = Birth(
            site=self._site,
            boot=self._spool.boot,
            session=self._session,
            time=self._clock.time_ms(),
            version=__version__,
            interval_s=self._config.report.interval_s,
            name=self._config.site.name,
            cameras=tuple(self._about(camera) for camera in self._config.camera),
        )
        return Letters(
            agent_topic=str(Topic(self._site, TopicKind.AGENT)),
            birth=encode(birth),
            will=encode(Death(self._site, self._spool.boot, self._session)),
            command_topic=str(Topic(self._site, TopicKind.COMMAND)),
        )

    def _say(self, problem: Problem, lasted_s: float) -> None:
        """Once at warning for each new trouble; repeated attempts at debug."""
        self._short_lives = self._short_lives + 1 if 0 < lasted_s < _SHORT_S else 0
        text = problem.text
        if self._short_lives >= _SHORT_LIVES:
            text += (
                f"; again and again soon after connecting: is there another agent with the site id {self._site!r}?"
            )
        self.status = f"no broker: {text}"
        level = logging.DEBUG if text == self._told else logging.WARNING
        self._told = text
        _log.log(level, "no connection to the broker %s: %s. Batches wait in the spool", self._address, text)

    def _look_again(self) -> None:
        if self._inbox.empty():
            self._inbox.put_nowait(None)

    def _now_s(self) -> float:
        return self._clock.monotonic()

    @property
    def _address(self) -> str:
        return f"{self._config.broker.host}:{self._config.broker.port}"
