"""Creates and starts every part of the collector, against the flow of the data, so that each finds its reader."""

import logging
import signal
import threading
from collections.abc import Iterable
from contextlib import ExitStack

from prometheus_client import CollectorRegistry

from pantau_collector.access.scoped_view import ScopedViews
from pantau_collector.alertmanager.alert_sender import AlertSender
from pantau_collector.certificate_watch import OwnCertificates
from pantau_collector.clock import Clock, SystemClock
from pantau_collector.config import CollectorConfig
from pantau_collector.data_dir import DataDir
from pantau_collector.deadletter import DeadLetters
from pantau_collector.delivery.sender import Sender
from pantau_collector.heartbeat.sender import HeartbeatSender
from pantau_collector.intake import Intake
from pantau_collector.inventory import Inventory, load_inventory
from pantau_collector.inventory_recorder import InventoryRecorder
from pantau_collector.journal import CursorFile, Journal, JournalError
from pantau_collector.leadership import CONNECT, AdvisoryLock, Alone, Leadership
from pantau_collector.ledger.keeper import LedgerKeeper
from pantau_collector.measures import MeasureFiles, MeasureKeeper
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.links import Links
from pantau_collector.notices.transport import ChannelTransport
from pantau_collector.notices.unknown_filters import find_unknown_filters
from pantau_collector.picture_keeping import PictureKeeping
from pantau_collector.pipeline import Pipeline
from pantau_collector.recorder import Recorder
from pantau_collector.retention import StateRetention
from pantau_collector.self_monitor import SelfMonitor
from pantau_collector.sinks import SinkWriter, open_series_store
from pantau_collector.sinks.day_writer import DayWriter
from pantau_collector.sinks.decided_lives import DecidedLives
from pantau_collector.sinks.listing_writer import ListingWriter
from pantau_collector.store import Store, StoreError, secret_rows
from pantau_collector.web import RoomMetric, create_app, room_metrics
from pantau_collector.web.access import access_rules
from pantau_collector.web.acknowledge_page import AcknowledgePage
from pantau_collector.web.connections import Connections
from pantau_collector.web.server import PortTakenError
from pantau_collector.web.server_certificate import CertificateError
from pantau_collector.web.servers import start_servers
from pantau_collector.web.sources import Sources
from pantau_collector.web.start_accounts import start_accounts
from pantau_service.settings import ConfigError
from pantau_service.systemd import Notifier

_STOP_WITHIN_S = 15
"""Seconds for which the end of the pipeline is waited for."""
_CHECK_EVERY_S = 2.0
"""Seconds from one check of leadership and health to the next."""
_TRY_EVERY_S = 1.0
"""Seconds from one attempt of a standby collector to become the active one to the next."""
_log = logging.getLogger(__name__)


class CannotStartError(Exception):
    """The collector cannot run as configured; the text says why, and what to do."""


def run_until_stopped(config: CollectorConfig, inventory: Inventory) -> None:
    """Run until SIGTERM or SIGINT. With two collectors, stand by first until this is the active one.

    SIGHUP reads the inventory again.

    Raises:
        CannotStartError: a port is taken, another collector writes the journal, or the disk cannot be written; or
            another collector has become the active one.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    reloading = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: reloading.set())
    notifier = Notifier()
    try:
        with ExitStack() as stack:
            receiver = _Receiver(config, SystemClock(), stack)
            leadership: Leadership = AdvisoryLock(config.store.full_url) if config.store else Alone()
            stack.callback(leadership.release)
            if not leadership.gain() and not _stand_by(receiver, leadership, notifier, stopping):
                return
            monitor = _start_deciding(config, inventory, receiver, stack)
            receiver.start()
            notifier.ready("collecting")
            while not stopping.wait(_CHECK_EVERY_S):
                if not leadership.keep() or monitor.superseded():
                    raise CannotStartError("another collector has become the active one: start this one anew")
                if reloading.is_set():
                    reloading.clear()
                    _reload_inventory(monitor.pipeline, config)
                notifier.status(monitor.status())
                if monitor.alive():
                    notifier.alive()
            notifier.stopping("writing what has come")
    except (JournalError, StoreError, OSError) as error:
        raise CannotStartError(str(error)) from None


def _reload_inventory(pipeline: Pipeline, config: CollectorConfig) -> None:
    """Read the inventory again; if it has errors, they are logged and the old inventory stays."""
    try:
        inventory = load_inventory(config.inventory)
    except ConfigError as error:
        for problem in error.problems:
            _log.error("the inventory stays as it was: %s", problem)
        return
    for problem in find_unknown_filters(config.recipient, inventory):
        _log.warning("%s", problem)
    pipeline.replace_inventory(inventory)


def _stand_by(
    receiver: "_Receiver", leadership: Leadership, notifier: Notifier, stopping: threading.Event
) -> bool:
    """Receive and journal until this is the active collector; return False if it is to stop before."""
    receiver.start()
    _log.info("standing by: what comes is kept, and this is the active collector once no other is")
    notifier.ready("standing by")
    while not stopping.wait(_TRY_EVERY_S):
        if leadership.gain():
            _log.warning("no other collector is active any more: this one is now")
            return True
        notifier.alive()
    notifier.stopping("writing what has come")
    return False


class _Receiver:
    """What both of two collectors do all the time: broker to journal, and journal to InfluxDB; and pictures."""

    def __init__(self, config: CollectorConfig, clock: Clock, stack: ExitStack) -> None:
        paths = DataDir(config.data_dir)
        self.clock = clock
        self.paths = paths
        self.journal = stack.enter_context(Journal(paths.journal))
        self.kept = PictureKeeping(config, paths, clock, lambda: _reading_store(config, paths))
        self.pictures = self.kept.newest
        self.sink_writer = _sink_writer(config, paths, self.journal, clock)
        self.intake = Intake(
            config.broker,
            self.journal,
            self.pictures,
            DeadLetters(paths.dead_messages, time_ms=clock.time_ms),
            time_ms=clock.time_ms,
            archive=self.kept.archive,
            spool_max_age_days=config.intake.spool_max_age_days,
        )
        self._stack = stack
        self._started = False

    def start(self) -> None:
        """Start, unless it has been started already."""
        if self._started:
            return
        self._started = True
        for each in self.kept.threads:
            each.start()
            self._stack.callback(each.stop)
        if self.sink_writer is not None:
            self.sink_writer.start()
            self._stack.callback(self.sink_writer.stop)
        self.intake.start()
        self._stack.callback(self.intake.stop)


def _start_deciding(
    config: CollectorConfig, inventory: Inventory, receiver: _Receiver, stack: ExitStack
) -> SelfMonitor:
    """Start what only the active collector runs: incidents, notices, the wall."""
    clock, journal, intake, pictures = receiver.clock, receiver.journal, receiver.intake, receiver.pictures
    for problem in find_unknown_filters(config.recipient, inventory):
        _log.warning("%s", problem)
    store = _open_store(config, receiver.paths)
    stack.callback(store.close)
    pipeline = Pipeline(
        journal,
        store,
        inventory,
        config.people,
        config.incidents,
        clock,
        listening=lambda: intake.listening,
        picture_ms=pictures.taken_ms,
        remove_pictures=receiver.kept.remove,
        notice_rules=config.notices,
    )
    links = _links(config, store, clock)
    transport = ChannelTransport(clock.time_ms)
    sender = Sender(store, transport, config.recipient, config.notices, Composer(links), pictures, clock)
    monitor = SelfMonitor(
        intake=intake,
        pipeline=pipeline,
        sender=sender,
        sink_writer=receiver.sink_writer,
        journal=journal,
        store=store,
        clock=clock,
        own_certificates=OwnCertificates(
            config.broker.tls_certificate,
            config.broker.ca_file,
            lambda: intake.broker_certificate_ends_ms,
            clock.monotonic,
        ),
    )
    heartbeat_sender = _heartbeat_sender(config, monitor)
    alert_sender = (
        AlertSender(
            config.alertmanager, store, lambda: pipeline.inventory, clock, public_url=config.web.public_url
        )
        if config.alertmanager
        else None
    )
    more_metrics = [
        *(room_metrics.heartbeat_metrics(heartbeat_sender) if heartbeat_sender else ()),
        *(room_metrics.alertmanager_metrics(alert_sender) if alert_sender else ()),
    ]
    recipients = {recipient.id: recipient for recipient in config.recipient}
    acknowledge_page = AcknowledgePage(store, links, recipients, pipeline.place_of, clock.time_ms)
    _serve(config, pipeline, receiver, store, monitor, acknowledge_page, more_metrics, stack)
    sender.start()
    stack.callback(sender.stop)
    _start_pipeline(pipeline, stack)
    recorder = Recorder(journal, store, lambda: monitor.figures(config.broker.client_id), clock)
    recorder.start()
    stack.callback(recorder.stop)
    retention = StateRetention(store, config.incidents.keep_days, clock.time_ms)
    threads = (
        receiver.kept.follow(lambda: pipeline.view, lambda: pipeline.inventory),
        MeasureKeeper(journal, receiver.paths, clock.time_ms, lambda: pipeline.view),
        InventoryRecorder(store, lambda: pipeline.inventory, clock.time_ms),
        LedgerKeeper(journal, store),
        _day_writer(config, store, pipeline, receiver),
        _listing_writer(config, pipeline, receiver),
        retention,
        alert_sender,
        heartbeat_sender,
    )
    for thread in threads:
        if thread is not None:
            thread.start()
            stack.callback(thread.stop)
    return monitor


def _links(config: CollectorConfig, store: Store, clock: Clock) -> Links:
    def secret() -> bytes:  # loaded each time, because `renew-secret` may change it at any time
        with store.begin() as connection:
            return secret_rows.load_or_make(connection, secret_rows.LINKS)

    return Links(
        public_url=config.web.public_url,
        secret=secret,
        valid_s=config.notices.acknowledge_h * 3600,
        time_ms=clock.time_ms,
    )


def _heartbeat_sender(config: CollectorConfig, monitor: SelfMonitor) -> HeartbeatSender | None:
    if config.heartbeat is None:
        return None
    if config.heartbeat.url is None:
        _log.error(
            "heartbeat: expected `url`, `url_file`, or a systemd credential named `heartbeat`: without one nobody"
            " will see it if this collector dies"
        )
        return None
    return HeartbeatSender(config.heartbeat, monitor.health_with_view)


def _open_store(config: CollectorConfig, paths: DataDir) -> Store:
    if config.store is None:
        return Store.at(paths.store)
    store = Store(config.store.full_url, connect_args=CONNECT, pool_pre_ping=True)
    store.take_over()
    return store


def _reading_store(config: CollectorConfig, paths: DataDir) -> Store:
    """Open the state only to read it, which the one that stands by may do too."""
    if config.store is None:
        return Store.at(paths.store)
    return Store(config.store.full_url, connect_args=CONNECT, pool_pre_ping=True)


def _sink_writer(config: CollectorConfig, paths: DataDir, journal: Journal, clock: Clock) -> SinkWriter | None:
    if config.influx is None:
        _log.info(
            "no InfluxDB is configured: all is kept in %s, and `replay` can pour it into one later", paths.journal
        )
        return None
    dead_lines = DeadLetters(paths.dead_lines, time_ms=clock.time_ms)
    return SinkWriter(journal, CursorFile(paths.influx_cursor), open_series_store(config.influx), dead_lines)


def _day_writer(
    config: CollectorConfig, store: Store, pipeline: Pipeline, receiver: _Receiver
) -> DayWriter | None:
    """Return what writes the days of cameras into InfluxDB, if there is one."""
    if config.influx is None:
        return None

    return DayWriter(
        store,
        open_series_store(config.influx),
        DeadLetters(receiver.paths.dead_days, time_ms=receiver.clock.time_ms),
        DecidedLives(store, lambda: pipeline.inventory),
        zone=config.zone,
        clock=receiver.clock,
    )


def _listing_writer(config: CollectorConfig, pipeline: Pipeline, receiver: _Receiver) -> ListingWriter | None:
    """Return what writes each camera's state and to whom it belongs into InfluxDB, if there is one."""
    if config.influx is None:
        return None
    dead = DeadLetters(receiver.paths.dead_listing, time_ms=receiver.clock.time_ms)
    return ListingWriter(lambda: pipeline.view, open_series_store(config.influx), dead, receiver.clock)


def _start_pipeline(pipeline: Pipeline, stack: ExitStack) -> None:
    stopping = threading.Event()
    thread = threading.Thread(target=pipeline.run, args=(stopping,), name="pipeline")
    thread.start()
    stack.callback(thread.join, _STOP_WITHIN_S)
    stack.callback(stopping.set)


def _serve(
    config: CollectorConfig,
    pipeline: Pipeline,
    receiver: _Receiver,
    store: Store,
    monitor: SelfMonitor,
    acknowledge_page: AcknowledgePage,
    more_metrics: Iterable[RoomMetric],
    stack: ExitStack,
) -> None:
    """Start the web server on a thread. Its socket is bound here, so that a taken port is reported at once."""
    connections = Connections(unlimited=config.web.trusted_proxies)
    registry = CollectorRegistry()
    for metric in (
        *room_metrics.web_metrics(connections),
        *room_metrics.intake_metrics(monitor.intake),
        *room_metrics.journal_metrics(receiver.journal),
        *room_metrics.picture_metrics(receiver.pictures),
        *room_metrics.archive_metrics(receiver.kept.archive),
        *room_metrics.pipeline_metrics(pipeline),
        *(room_metrics.sink_metrics(monitor.sink_writer) if monitor.sink_writer else ()),
        *room_metrics.outbox_metrics(monitor.sender),
        *more_metrics,
    ):
        registry.register(metric)
    sources = Sources(
        config=config,
        view=lambda: pipeline.view,
        scoped=ScopedViews(lambda: pipeline.view),
        health=monitor.health,
        inventory=lambda: pipeline.inventory,
        store=store,
        journal=receiver.journal,
        pictures=receiver.pictures,
        clock_ms=receiver.clock.time_ms,
        zone=config.zone,
        send=receiver.intake.send,
        replace_inventory=pipeline.replace_inventory,
        measures=MeasureFiles(receiver.paths.measures),
    )
    app = create_app(
        lambda: pipeline.view,
        receiver.pictures,
        monitor.health,
        registry=registry,
        acknowledge_page=acknowledge_page,
        access=access_rules(config.web),
        accounts=start_accounts(config.web, store, receiver.clock.time_ms, stack),
        sources=sources,
    )
    try:
        start_servers(config.web, app, registry, connections, stack)
    except (PortTakenError, CertificateError) as error:
        raise CannotStartError(str(error)) from None
    stack.callback(sources.streams.stop)  # before the server, which waits for the answers under way
