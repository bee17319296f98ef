"""The running agent: cameras to reporter to spool to link, and an end in good order."""

import asyncio
import logging
import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pantau_agent import answering
from pantau_agent.answering import Answering
from pantau_agent.assessment.camera_memory import FILE as MEMORIES_FILE
from pantau_agent.assessment.camera_memory import CameraMemories
from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import Clock, SystemClock, UtcEpoch
from pantau_agent.config import AgentConfig, Camera, Device
from pantau_agent.configuration_digest import configuration_digest
from pantau_agent.devices import GATEWAY, DeviceWatch, default_gateway, devices_of
from pantau_agent.host import ClockStatus, Machine
from pantau_agent.identity.identities import FILE as IDENTITIES_FILE
from pantau_agent.identity.identities import Identities
from pantau_agent.link import Link
from pantau_agent.picture.decoder import Decoder
from pantau_agent.picture.settings import memories_directory
from pantau_agent.picture.view_requests import ViewRequests
from pantau_agent.reporting.certificates import Certificates
from pantau_agent.reporting.report import Reporter
from pantau_agent.reporting.running_status import RunningStatus, runtime_directory
from pantau_agent.reporting.running_status import write as write_status
from pantau_agent.reporting.start import describe_start, take_service_result
from pantau_agent.sources.target import safeguards_of
from pantau_agent.spool import Spool
from pantau_agent.spool.dating import date_sample, date_start, encode_batch
from pantau_agent.streams.safeguards import Safeguards
from pantau_agent.watching.host_limits import HostLimits
from pantau_agent.watching.restart import watch_with_restarts
from pantau_agent.watching.watch import watch
from pantau_contract.messages import Sample, Start, Telemetry
from pantau_contract.states import State
from pantau_contract.version import __version__
from pantau_service.systemd import Notifier

Watch = Callable[[Camera], AsyncGenerator[Observation, None]]
"""Watches a camera, as `watching.watch.watch` does."""

_log = logging.getLogger(__name__)

_START_GAP_S = 0.05
"""Seconds between the starts of two cameras, so they do not all begin in the same instant."""
_CAMERAS_END_WITHIN_S = 10
"""Seconds within which all sessions with cameras must be closed."""
_LAST_BATCH_WITHIN_S = 5
"""Seconds within which the last batch must be in the spool."""
_LINK_ENDS_WITHIN_S = 5
"""Seconds within which the last batch must be sent."""
_LATE_S = 30
"""Seconds by which a report must be late for the agent to count as hanging."""
_STATUS_EVERY_S = 5
"""Seconds between two writings of the status, which are in memory only."""
STARVED = 0.1
"""Share of a report's interval in which the agent was held up, from which on it says so."""


async def run(config: AgentConfig) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        SpoolInUseError: another agent has the spool.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = SystemClock()
    machine = Machine(config.spool.path.parent)
    machine_boot = machine.boot()
    spool = await Spool.open(
        config.spool.path,
        max_bytes=config.spool.max_mb * 1e6,
        max_age_s=config.spool.max_age_days * 86400,
        machine_boot=machine_boot,
        clock=clock,
    )
    start = describe_start(
        spool.previous,
        version=__version__,
        machine_boot=machine_boot,
        uptime_s=machine.uptime_s(),
        service_result=take_service_result(config.spool.path),
        now=clock.monotonic(),
    )
    host_limits = HostLimits()
    memories = CameraMemories(config.camera, config.spool.path.with_name(MEMORIES_FILE))

    def safeguards(camera: Camera) -> Safeguards:
        return safeguards_of(camera, memories.of(camera.id).proof, learns=True)

    identities = Identities(
        config.camera, config.spool.path.with_name(IDENTITIES_FILE), clock, safeguards=safeguards
    )

    def dated_start() -> Start | None:
        return agent.dated_start()

    link = Link(config, spool, clock, identities.about, dated_start, answering.ACTIONS)
    settings = {camera.id: camera.picture.settings for camera in config.camera}
    picture_requests = {camera.id: asyncio.Event() for camera in config.camera}
    async with Decoder(clock, memories=memories_directory(config.spool.path), settings=settings) as decoder:
        agent = Agent(config, spool, link, machine, clock, Notifier(), picture_requests, start)

        def watch_camera(camera: Camera) -> AsyncGenerator[Observation, None]:
            return watch(
                camera,
                decoder,
                clock,
                host_limits=host_limits,
                memory=memories.of(camera.id),
                learns=True,
                clock_trusted=lambda: agent.clock_trusted,
                picture_requested=picture_requests[camera.id],
            )

        background: list[asyncio.Task[Any]] = [
            asyncio.create_task(_reconnect_on_new_identities(identities, agent, link), name="asking for firmware"),
            asyncio.create_task(memories.save_periodically(), name="saving the camera memory"),
            asyncio.create_task(clock.attention.keep(), name="noticing stalls"),
        ]
        try:
            await agent.run(watch_camera, stop)
        finally:
            await _cancel(background, 1)
            memories.save()


async def _reconnect_on_new_identities(identities: Identities, agent: "Agent", link: Link) -> None:
    """Reconnect whenever a camera's model or firmware becomes known, because the birth contains them."""
    async for _ in identities.changes(agent.is_streaming):
        link.reconnect()


class Agent:
    """The tasks of an agent, and what passes between them. It owns the spool and the link, and closes both.

    `picture_requests` are set, by camera, when a picture is requested from afar. `start` is reported in the first
    batch.
    """

    def __init__(
        self,
        config: AgentConfig,
        spool: Spool,
        link: Link,
        machine: Machine,
        clock: Clock,
        notifier: Notifier,
        picture_requests: Mapping[str, asyncio.Event],
        start: Start | None = None,
    ) -> None:
        self._config = config
        self._spool = spool
        self._link = link
        self._machine = machine
        self._clock = clock
        self._epoch = UtcEpoch(clock)
        self._notifier = notifier
        self._picture_requests = picture_requests
        self._start = start
        self._start_to_report = start
        self._devices = DeviceWatch(devices_of(config.device, default_gateway()), self._is_silent_behind, clock)
        self._certificates = Certificates(config.broker)
        self._clock_status = machine.clock()
        self._reported_at = clock.monotonic()
        self._attention_noted_at = self._reported_at
        self._started_s = self._reported_at
        self._configuration = configuration_digest(config)
        self._starved_s = 0.0
        self._is_starved = False
        self._ending = asyncio.Event()
        self._reporter = Reporter(
            config.site.id,
            spool.boot,
            config.camera,
            snapshot_interval_s=config.report.snapshot_interval_s,
            now=self._reported_at,
        )
        self._answering = Answering(
            config.site.id,
            answering.Link(lambda: link.connection, lambda: self._clock_status.synchronised, link.offer_reply),
            answering.Cameras(self._reporter.latest, self._dated, self._request_look),
            clock,
            ViewRequests(memories_directory(config.spool.path)),
        )

    @property
    def clock_trusted(self) -> bool:
        """True if cameras' clocks may be judged by this machine's."""
        return self._clock_status.synchronised is True

    def dated_start(self) -> Start | None:
        """Return the start of the agent in UTC, or None while the machine's clock is not set."""
        if self._start is None or self._clock_status.synchronised is False:
            return None
        return date_start(self._start, self._epoch.now_ms())

    def _dated(self, sample: Sample) -> Sample:
        return date_sample(sample, self._epoch.now_ms())

    def _is_silent_behind(self, device: Device) -> bool:
        """Return whether a camera behind a device is down, or the broker is away, to which the gateway leads."""
        if device.id == GATEWAY and not self._link.connected:
            return True
        samples = map(self._reporter.latest, device.cameras or (camera.id for camera in self._config.camera))
        return any(sample is not None and sample.state is State.DOWN for sample in samples)

    def is_streaming(self, camera: str) -> bool:
        """Return whether a camera accepts our login and streams."""
        sample = self._reporter.latest(camera)
        return sample is not None and sample.state in {State.OK, State.DEGRADED, State.IMPAIRED}

    async def run(self, watch_camera: Watch, stop: asyncio.Event) -> None:
        """Watch and report until `stop`; then close all sessions, and spool and send the last batch."""
        self._log_clock_status(self._clock_status)
        self._offer_states()
        link = asyncio.create_task(self._link.run(), name="the link to the broker")
        reports = asyncio.create_task(self._report_until_end(), name="reporting")
        cameras = [
            asyncio.create_task(
                self._watch(camera, watch_camera, number * _START_GAP_S), name=f"camera {camera.id}"
            )
            for number, camera in enumerate(camera for camera in self._config.camera if camera.enabled)
        ]
        others: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._answering.run(self._link.commands), name="answering commands"),
            asyncio.create_task(self._devices.run(), name="asking the site's devices"),
            asyncio.create_task(self._keep_status(), name="telling the command `status`"),
            asyncio.create_task(stop.wait(), name="waiting for a signal"),
        ]
        if self._notifier.watchdog_s is not None:
            others.append(
                asyncio.create_task(self._feed_watchdog(self._notifier.watchdog_s / 3), name="the watchdog")
            )
        self._notifier.ready(self._status())
        ended, _ = await asyncio.wait({link, reports, *cameras, *others}, return_when=asyncio.FIRST_COMPLETED)
        self._notifier.stopping("taking leave of cameras and broker")
        await _cancel(cameras, _CAMERAS_END_WITHIN_S)
        self._ending.set()
        await asyncio.wait({reports}, timeout=_LAST_BATCH_WITHIN_S)
        self._link.close(within_s=_LINK_ENDS_WITHIN_S)
        await asyncio.wait({link}, timeout=2 * _LINK_ENDS_WITHIN_S)
        await _cancel([link, reports, *others], 1)
        await self._spool.close()
        for task in ended:
            task.result()  # a task that failed ends the agent, with its error

    async def _watch(self, camera: Camera, watch_camera: Watch, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        await watch_with_restarts(camera.id, lambda: watch_camera(camera), self._handle_observation, self._clock)

    def _handle_observation(self, observation: Observation) -> None:
        outcome = self._reporter.add(
            observation,
            seq=self._spool.next_seq,
            epoch_ms=self._epoch.now_ms(),
            now=self._clock.monotonic(),
        )
        sample = observation.sample
        if outcome.state is not None:
            level = logging.INFO if sample.state is State.OK else logging.WARNING
            why = ": ".join(part for part in (sample.cause or "", sample.detail) if part)
            _log.log(level, "camera %s is %s%s", sample.camera, sample.state, f": {why}" if why else "")
            self._link.offer_state(outcome.state, at_once=True)
        if outcome.snapshot is not None:
            self._link.offer_snapshot(sample.camera, outcome.snapshot)
        self._answering.observe(observation)

    async def _report_until_end(self) -> None:
        """Report each interval, and once more at the end."""
        interval_s = self._config.report.interval_s
        due = self._clock.monotonic()
        while not self._ending.is_set():
            due = max(due, self._clock.monotonic() - interval_s) + interval_s
            with suppress(TimeoutError):
                async with asyncio.timeout(due - self._clock.monotonic()):
                    await self._ending.wait()
            await self._report()
            self._reported_at = self._clock.monotonic()
            self._notifier.status(self._status())

    async def _report(self) -> None:
        """Append the interval's batch to the spool, and then offer it to the link."""
        clock_status = self._machine.clock()
        if clock_status.synchronised is not self._clock_status.synchronised:
            self._log_clock_status(clock_status)
        self._clock_status = clock_status
        now = self._clock.monotonic()
        self._note_starvation(now)
        now_ms = int(now * 1000)
        undated = Telemetry(
            site=self._config.site.id,
            boot=self._spool.boot,
            seq=self._spool.next_seq,
            time=now_ms,
            monotonic_ms=now_ms,
            clock_synchronised=clock_status.synchronised,
            interval_s=self._config.report.interval_s,
            samples=self._reporter.collect_samples(now),
            host=self._machine.read(
                spool_batches=self._spool.batches, spool_mb=self._spool.used_mb, starved_s=self._starved_s
            ),
            dropped=self._spool.dropped,
            drop=self._spool.unreported_drop,
            start=self._start_to_report,
            devices=self._devices.answers(),
            certificates=self._certificates.due(self._link.broker_certificate_ends_ms, now),
        )
        batch = await self._spool.append(
            encode_batch(undated, self._epoch.now_ms(), compress=self._config.report.compress),
            clock_synchronised=clock_status.synchronised,
            reports_drop=undated.drop is not None,
        )
        self._start_to_report = None
        self._link.offer_batch(batch)
        self._offer_states()

    async def _keep_status(self) -> None:
        """Keep what the command `status` shows up to date, where there is a runtime directory."""
        directory = runtime_directory()
        while True:
            if directory is not None:
                self._write_status(directory)
            await asyncio.sleep(_STATUS_EVERY_S)

    def _write_status(self, directory: Path) -> None:
        status = RunningStatus(
            site=self._config.site.id,
            version=__version__,
            pid=os.getpid(),
            started_ms=self._epoch.now_ms() + int(self._started_s * 1000),
            time_ms=self._clock.time_ms(),
            interval_s=self._config.report.interval_s,
            configuration=self._configuration,
            connected=self._link.connected,
            link=self._link.status,
            receipt_ms=self._link.receipt_ms,
            spool_batches=self._spool.batches,
            spool_mb=self._spool.used_mb,
            dropped=self._spool.dropped,
            clock_synchronised=self._clock_status.synchronised,
            cameras=tuple(self._reporter.states(self._spool.next_seq, self._epoch.now_ms())),
            certificates=self._certificates.known,
        )
        try:
            write_status(directory, status)
        except OSError as error:
            _log.debug("%s cannot be written: %s", directory, error.strerror)

    def _offer_states(self) -> None:
        """Offer every camera's state, for the next connection."""
        for state in self._reporter.states(self._spool.next_seq, self._epoch.now_ms()):
            self._link.offer_state(state, at_once=False)

    def _request_look(self, camera: str) -> None:
        self._reporter.request_snapshot(camera)
        self._picture_requests[camera].set()

    async def _feed_watchdog(self, every_s: float) -> None:
        """Notify the watchdog while the event loop runs and reports are made."""
        while True:
            late_s = self._clock.monotonic() - self._reported_at - self._config.report.interval_s
            if late_s < _LATE_S:
                self._notifier.alive()
            await asyncio.sleep(every_s)

    def _note_starvation(self, now: float) -> None:
        """Measure for how long the agent was held up since the last report; log when that begins and ends."""
        since, self._attention_noted_at = self._attention_noted_at, now
        self._starved_s = self._clock.lost_since(since)
        starved = self._starved_s >= STARVED * (now - since)
        if starved and not self._is_starved:
            _log.warning(
                "this machine is too slow: in the last %.0f s the agent did not get to run for %.1f s. No camera "
                "is called down for that, but faults are seen later. Look what else runs here (top), and at "
                "temperature and power supply (pantau-agent doctor), or watch fewer cameras from here",
                now - since,
                self._starved_s,
            )
        elif self._is_starved and not starved:
            _log.info("this machine is fast enough again")
        self._is_starved = starved

    def _status(self) -> str:
        states = Counter(state.state for state in self._reporter.states(0, self._epoch.now_ms()))
        summary = ", ".join(f"{states[state]} {state}" for state in State if states[state]) or "no cameras"
        slow = "this machine is too slow; " if self._is_starved else ""
        return f"{slow}cameras: {summary}; {self._link.status}; {self._spool.batches} batches wait"

    def _log_clock_status(self, status: ClockStatus) -> None:
        if status.synchronised is False:
            _log.warning(
                "this machine's clock is not synchronised (%s says so): check its time server", status.source
            )
        else:
            _log.info("clock synchronised: %s, %s says so", status.synchronised, status.source)


async def _cancel(tasks: list[asyncio.Task[Any]], within_s: float) -> None:
    """Cancel tasks, and wait up to `within_s` for what they do at their end."""
    for task in tasks:
        task.cancel()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=within_s)
        for task in late:
            _log.warning("%s did not end within %g s", task.get_name(), within_s)
