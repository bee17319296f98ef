"""The running agent: cameras to reporter to spool to link, and an end in good order."""

import asyncio
import logging
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any

from pantau_agent.assessment.camera_memory import FILE as NOTEBOOK
from pantau_agent.assessment.camera_memory import CameraMemories
from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import Clock, SystemClock, read_both
from pantau_agent.config import AgentConfig, Camera
from pantau_agent.host import ClockStatus, Machine
from pantau_agent.identity.identities import FILE, Identities
from pantau_agent.link import Link
from pantau_agent.picture.decoder import Decoder
from pantau_agent.picture.settings import memories_directory
from pantau_agent.reporting.report import Reporter
from pantau_agent.spool import Spool
from pantau_agent.watching.restart import supervised
from pantau_agent.watching.sessions import HostLimits
from pantau_agent.watching.watch import watch
from pantau_contract.messages import Command, Reply, Telemetry
from pantau_contract.states import State
from pantau_contract.wire import encode
from pantau_service.systemd import Notifier

Watch = Callable[[Camera], AsyncGenerator[Observation, None]]

_log = logging.getLogger(__name__)

_START_GAP_S = 0.05
"""Between the starts of two cameras, so that they do not all begin in the same instant."""
_CAMERAS_END_WITHIN_S = 10
_LAST_BATCH_WITHIN_S = 5
_LINK_ENDS_WITHIN_S = 5
_LATE_S = 30
"""A report that is so much later than its interval means that the agent hangs."""


async def run(config: AgentConfig) -> None:
    """Runs until SIGTERM or SIGINT.

    Raises:
        SpoolInUseError: another agent has the spool.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = SystemClock()
    machine = Machine(config.spool.path.parent)
    spool = await Spool.open(
        config.spool.path,
        max_bytes=config.spool.max_mb * 1e6,
        max_age_s=config.spool.max_age_days * 86400,
        machine_boot=machine.boot(),
        clock=clock,
    )
    doors = HostLimits()
    identities = Identities(config.camera, config.spool.path.with_name(FILE), clock)
    notebook = CameraMemories(config.camera, config.spool.path.with_name(NOTEBOOK))
    link = Link(config, spool, clock, identities.about)
    settings = {camera.id: camera.picture.settings for camera in config.camera}
    wanted = {camera.id: asyncio.Event() for camera in config.camera}
    async with Decoder(clock, memories=memories_directory(config.spool.path), settings=settings) as decoder:
        agent = Agent(config, spool, link, machine, clock, Notifier(), wanted)

        def watch_camera(camera: Camera) -> AsyncGenerator[Observation, None]:
            return watch(
                camera,
                decoder,
                clock,
                doors=doors,
                page=notebook.page(camera.id),
                clock_trusted=lambda: agent.clock_trusted,
                wanted=wanted[camera.id],
            )

        beside: list[asyncio.Task[Any]] = [
            asyncio.create_task(_tell_what_is_new(identities, agent, link), name="asking for firmware"),
            asyncio.create_task(notebook.keep(), name="keeping what is learnt"),
        ]
        try:
            await agent.run(watch_camera, stop)
        finally:
            await _end(beside, 1)
            notebook.save()


async def _tell_what_is_new(identities: Identities, agent: "Agent", link: Link) -> None:
    async for _ in identities.changes(agent.streams):
        link.begin_anew()


class Agent:
    """The tasks, and what passes between them. It owns the spool and the link, and ends both.

    `wanted` is set, by camera, when its picture is asked for from afar.
    """

    def __init__(
        self,
        config: AgentConfig,
        spool: Spool,
        link: Link,
        machine: Machine,
        clock: Clock,
        notifier: Notifier,
        wanted: Mapping[str, asyncio.Event],
    ) -> None:
        self._config = config
        self._spool = spool
        self._link = link
        self._machine = machine
        self._clock = clock
        self._notifier = notifier
        self._wanted = wanted
        self._clock_status = machine.clock()
        now_ms, self._reported_s = read_both(clock)
        self._ending = asyncio.Event()
        self._reporter = Reporter(
            config.site.id,
            spool.boot,
            config.camera,
            snapshot_interval_s=config.report.snapshot_interval_s,
            now_ms=now_ms,
            monotonic_s=self._reported_s,
        )

    @property
    def clock_trusted(self) -> bool:
        """Whether a camera's clock may be judged by this machine's."""
        return self._clock_status.synchronised is True

    def streams(self, camera: str) -> bool:
        """Whether a camera lets us in, and shows something."""
        sample = self._reporter.latest(camera)
        return sample is not None and sample.state in {State.OK, State.DEGRADED, State.IMPAIRED}

    async def run(self, watch_camera: Watch, stop: asyncio.Event) -> None:
        """Watches and reports until `stop`; then takes leave of cameras and broker, and keeps the last batch."""
        self._say_clock(self._clock_status)
        for state in self._reporter.states(self._spool.next_seq):
            self._link.offer_state(state, at_once=False)
        link = asyncio.create_task(self._link.run(), name="the link to the broker")
        reports = asyncio.create_task(self._report_until_end(), name="reporting")
        cameras = [
            asyncio.create_task(
                self._follow(camera, watch_camera, number * _START_GAP_S), name=f"camera {camera.id}"
            )
            for number, camera in enumerate(camera for camera in self._config.camera if camera.enabled)
        ]
        others: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._answer_for_ever(), name="answering commands"),
            asyncio.create_task(stop.wait(), name="waiting for a signal"),
        ]
        if self._notifier.watchdog_s is not None:
            others.append(asyncio.create_task(self._show_life(self._notifier.watchdog_s / 3), name="the watchdog"))
        self._notifier.ready(self._status())
        ended, _ = await asyncio.wait({link, reports, *cameras, *others}, return_when=asyncio.FIRST_COMPLETED)
        self._notifier.stopping("taking leave of cameras and broker")
        await _end(cameras, _CAMERAS_END_WITHIN_S)
        self._ending.set()
        await asyncio.wait({reports}, timeout=_LAST_BATCH_WITHIN_S)
        self._link.close(within_s=_LINK_ENDS_WITHIN_S)
        await asyncio.wait({link}, timeout=2 * _LINK_ENDS_WITHIN_S)
        await _end([link, reports, *others], 1)
        await self._spool.close()
        for task in ended:
            task.result()  # what failed by itself ends the agent, with its reason

    async def _follow(self, camera: Camera, watch_camera: Watch, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        observations = supervised(camera.id, lambda: watch_camera(camera), self._clock)
        async with aclosing(observations):
            async for observation in observations:
                self._take(observation)

    def _take(self, observation: Observation) -> None:
        now_ms, monotonic_s = read_both(self._clock)
        outcome = self._reporter.observe(
            observation, seq=self._spool.next_seq, now_ms=now_ms, monotonic_s=monotonic_s
        )
        sample = observation.sample
        if outcome.state is not None:
            level = logging.INFO if sample.state is State.OK else logging.WARNING
            why = ": ".join(part for part in (sample.cause or "", sample.detail) if part)
            _log.log(level, "camera %s is %s%s", sample.camera, sample.state, f": {why}" if why else "")
            self._link.offer_state(outcome.state, at_once=True)
        if outcome.snapshot is not None:
            self._link.offer_snapshot(sample.camera, outcome.snapshot)

    async def _report_until_end(self) -> None:
        """A batch each interval, and one more at the end."""
        interval_s = self._config.report.interval_s
        due_s = self._clock.monotonic()
        while not self._ending.is_set():
            due_s = max(due_s, self._clock.monotonic() - interval_s) + interval_s
            with suppress(TimeoutError):
                async with asyncio.timeout(due_s - self._clock.monotonic()):
                    await self._ending.wait()
            await self._report()
            self._reported_s = self._clock.monotonic()
            self._notifier.status(self._status())

    async def _report(self) -> None:
        """The interval's batch, to the spool and then to the link."""
        clock_status = self._machine.clock()
        if clock_status.synchronised is not self._clock_status.synchronised:
            self._say_clock(clock_status)
        self._clock_status = clock_status
        now_ms, monotonic_s = read_both(self._clock)
        telemetry = Telemetry(
            site=self._config.site.id,
            boot=self._spool.boot,
            seq=self._spool.next_seq,
            time=now_ms,
            monotonic_ms=int(monotonic_s * 1000),
            clock_synchronised=clock_status.synchronised,
            interval_s=self._config.report.interval_s,
            samples=self._reporter.take_samples(now_ms=now_ms, monotonic_s=monotonic_s),
            host=self._machine.read(spool_batches=self._spool.batches, spool_mb=self._spool.used_mb),
            dropped=self._spool.dropped,
            drop=self._spool.drop,
        )
        payload = encode(telemetry, compress=self._config.report.compress)
        batch = await self._spool.append(
            payload, clock_synchronised=clock_status.synchronised, tells=telemetry.drop is not None
        )
        self._link.offer_batch(batch)
        for state in self._reporter.states(self._spool.next_seq):
            self._link.offer_state(state, at_once=False)

    async def _answer_for_ever(self) -> None:
        while True:
            self._link.offer_reply(self._answer(await self._link.commands.get()))

    def _answer(self, command: Command) -> Reply:
        """The latest sample at once; a snapshot follows as soon as the camera's newest keyframe is decoded."""
        sample = self._reporter.latest(command.camera)
        error = ""
        if sample is None:
            error = f"there is no camera {command.camera!r} at this site"
        elif sample.state is State.DISABLED:
            error = f"camera {command.camera!r} is disabled in the agent's configuration"
        elif command.action == "snapshot":
            self._reporter.want_snapshot(command.camera)
            self._wanted[command.camera].set()
        _log.info(
            "asked from afar to %s camera %s%s", command.action, command.camera, f": {error}" if error else ""
        )
        return Reply(self._config.site.id, command.id, command.camera, self._clock.time_ms(), error, sample)

    async def _show_life(self, every_s: float) -> None:
        """Feeds the watchdog as long as the event loop turns and reports are made."""
        while True:
            late_s = self._clock.monotonic() - self._reported_s - self._config.report.interval_s
            if late_s < _LATE_S:
                self._notifier.alive()
            await asyncio.sleep(every_s)

    def _status(self) -> str:
        states = Counter(state.state for state in self._reporter.states(0))
        told = ", ".join(f"{states[state]} {state}" for state in State if states[state]) or "no cameras"
        return f"cameras: {told}; {self._link.status}; {self._spool.batches} batches wait"

    def _say_clock(self, status: ClockStatus) -> None:
        if status.synchronised is False:
            _log.warning(
                "this machine's clock is not synchronised (%s says so): check its time server", status.source
            )
        else:
            _log.info("clock synchronised: %s, %s says so", status.synchronised, status.source)


async def _end(tasks: list[asyncio.Task[Any]], within_s: float) -> None:
    """Cancels, and waits for what they do at their end."""
    for task in tasks:
        task.cancel()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=within_s)
        for task in late:
            _log.warning("%s did not end within %g s", task.get_name(), within_s)
