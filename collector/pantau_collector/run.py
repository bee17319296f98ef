"""Wiring: every room made and started, in the order of the data's way backwards, so that none lacks its reader."""

import logging
import signal
import threading
from collections.abc import Iterable
from contextlib import ExitStack

import uvicorn
from prometheus_client import CollectorRegistry

from pantau_collector.alertmanager.alert_sender import AlertSender
from pantau_collector.clock import Clock, SystemClock
from pantau_collector.config import CollectorConfig
from pantau_collector.data_dir import DataDir
from pantau_collector.deadletter import DeadLetters
from pantau_collector.delivery.sender import Sender
from pantau_collector.heartbeat.sender import HeartbeatSender
from pantau_collector.intake import Intake
from pantau_collector.inventory import Inventory, load_inventory
from pantau_collector.journal import CursorFile, Journal, JournalError
from pantau_collector.leadership import CONNECT, AdvisoryLock, Alone, Leadership
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.links import Links
from pantau_collector.notices.transport import ChannelTransport
from pantau_collector.notices.unknown_filters import strangers
from pantau_collector.pictures import PictureFiles
from pantau_collector.pipeline import Pipeline
from pantau_collector.recorder import Recorder
from pantau_collector.retention import StateRetention
from pantau_collector.self_monitor import SelfMonitor
from pantau_collector.sinks import SinkWriter, open_series_store
from pantau_collector.store import Store, StoreError, secret_rows
from pantau_collector.web import RoomMetric, create_app, room_metrics
from pantau_collector.web.acknowledge_page import AcknowledgePage
from pantau_service.settings import ConfigError
from pantau_service.systemd import Notifier

_STOP_WITHIN_S = 15
_LOOK_EVERY_S = 2.0
_TRY_EVERY_S = 1.0
_log = logging.getLogger(__name__)


class CannotStartError(Exception):
    """Something that the configuration names cannot be used; the text says what, and what to do."""


def run_until_stopped(config: CollectorConfig, inventory: Inventory) -> None:
    """Collects until SIGTERM or SIGINT; where there are two collectors, stands by until it is the active one.

    At SIGHUP it reads the inventory again.

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
            receiving = _Receiving(config, SystemClock(), stack)
            leadership: Leadership = AdvisoryLock(config.store.full_url) if config.store else Alone()
            stack.callback(leadership.release)
            if not leadership.gain() and not _stand_by(receiving, leadership, notifier, stopping):
                return
            supervision = _decide(config, inventory, receiving, stack)
            receiving.start()
            notifier.ready("collecting")
            while not stopping.wait(_LOOK_EVERY_S):
                if not leadership.keep() or supervision.superseded():
                    raise CannotStartError("another collector has become the active one: start this one anew")
                if reloading.is_set():
                    reloading.clear()
                    _renew(supervision.pipeline, config)
                notifier.status(supervision.status())
                if supervision.alive():
                    notifier.alive()
            notifier.stopping("writing what has come")
    except (JournalError, StoreError, OSError) as error:
        raise CannotStartError(str(error)) from None


def _renew(pipeline: Pipeline, config: CollectorConfig) -> None:
    """Reads the inventory again; one that is wrong is told, and the one before stays."""
    try:
        inventory = load_inventory(config.inventory)
    except ConfigError as error:
        for problem in error.problems:
            _log.error("the inventory stays as it was: %s", problem)
        return
    for problem in strangers(config.recipient, inventory):
        _log.warning("%s", problem)
    pipeline.renew(inventory)


def _stand_by(
    receiving: "_Receiving", leadership: Leadership, notifier: Notifier, stopping: threading.Event
) -> bool:
    """Receives and journals, and decides nothing, until this is the active collector; False: it is to stop."""
    receiving.start()
    _log.info("standing by: what comes is kept, and this is the active collector once no other is")
    notifier.ready("standing by")
    while not stopping.wait(_TRY_EVERY_S):
        if leadership.gain():
            _log.warning("no other collector is active any more: this one is now")
            return True
        notifier.alive()
    notifier.stopping("writing what has come")
    return False


class _Receiving:
    """What each of two collectors does all the time: broker to journal, journal to InfluxDB."""

    def __init__(self, config: CollectorConfig, clock: Clock, stack: ExitStack) -> None:
        place = DataDir(config.data_dir)
        self.clock = clock
        self.place = place
        self.journal = stack.enter_context(Journal(place.journal))
        self.pictures = PictureFiles(place.pictures, time_ms=clock.time_ms)
        self.sink_writer = _sink_writer(config, place, self.journal, clock)
        self.intake = Intake(
            config.broker,
            self.journal,
            self.pictures,
            DeadLetters(place.dead_messages, time_ms=clock.time_ms),
            time_ms=clock.time_ms,
        )
        self._stack = stack
        self._started = False

    def start(self) -> None:
        """Begins, if it has not."""
        if self._started:
            return
        self._started = True
        if self.sink_writer is not None:
            self.sink_writer.start()
            self._stack.callback(self.sink_writer.stop)
        self.intake.start()
        self._stack.callback(self.intake.stop)


def _decide(config: CollectorConfig, inventory: Inventory, receiving: _Receiving, stack: ExitStack) -> SelfMonitor:
    """Starts what only the active collector does: incidents, notices, wall."""
    clock, journal, intake, pictures = receiving.clock, receiving.journal, receiving.intake, receiving.pictures
    for problem in strangers(config.recipient, inventory):
        _log.warning("%s", problem)
    store = _open_store(config, receiving.place)
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
        notice_rules=config.notices,
    )
    links = _links(config, store, clock)
    transport = ChannelTransport(clock.time_ms)
    sender = Sender(store, transport, config.recipient, config.notices, Composer(links), pictures, clock)
    supervision = SelfMonitor(
        intake=intake,
        pipeline=pipeline,
        sender=sender,
        sink_writer=receiving.sink_writer,
        journal=journal,
        store=store,
        clock=clock,
    )
    heart = _heart(config, supervision)
    teller = (
        AlertSender(
            config.alertmanager, store, lambda: pipeline.inventory, clock, public_url=config.web.public_url
        )
        if config.alertmanager
        else None
    )
    told_outside = [
        *(room_metrics.heartbeat_metrics(heart) if heart else ()),
        *(room_metrics.alertmanager_metrics(teller) if teller else ()),
    ]
    recipients = {recipient.id: recipient for recipient in config.recipient}
    acknowledge_page = AcknowledgePage(store, links, recipients, pipeline.place_of, clock.time_ms)
    _serve(config, pipeline, pictures, supervision, journal, acknowledge_page, told_outside, stack)
    sender.start()
    stack.callback(sender.stop)
    _start_pipeline(pipeline, stack)
    recorder = Recorder(journal, store, lambda: supervision.figures(config.broker.client_id), clock)
    recorder.start()
    stack.callback(recorder.stop)
    retention = StateRetention(store, config.incidents.keep_days, clock.time_ms)
    for each in (retention, teller, heart):
        if each is not None:
            each.start()
            stack.callback(each.stop)
    return supervision


def _links(config: CollectorConfig, store: Store, clock: Clock) -> Links:
    with store.begin() as connection:
        secret = secret_rows.load_or_make(connection, secret_rows.LINKS)
    return Links(
        public_url=config.web.public_url,
        secret=secret,
        valid_s=config.notices.acknowledge_h * 3600,
        time_ms=clock.time_ms,
    )


def _heart(config: CollectorConfig, supervision: SelfMonitor) -> HeartbeatSender | None:
    if config.heartbeat is None:
        return None
    if config.heartbeat.url is None:
        _log.error(
            "heartbeat: expected `url`, `url_file`, or a systemd credential named `heartbeat`: without one nobody"
            " will see it if this collector dies"
        )
        return None
    return HeartbeatSender(config.heartbeat, supervision.health_with_view)


def _open_store(config: CollectorConfig, place: DataDir) -> Store:
    if config.store is None:
        return Store.at(place.store)
    store = Store(config.store.full_url, connect_args=CONNECT, pool_pre_ping=True)
    store.take_over()
    return store


def _sink_writer(config: CollectorConfig, place: DataDir, journal: Journal, clock: Clock) -> SinkWriter | None:
    if config.influx is None:
        _log.info(
            "no InfluxDB is configured: all is kept in %s, and `replay` can pour it into one later", place.journal
        )
        return None
    dead_lines = DeadLetters(place.dead_lines, time_ms=clock.time_ms)
    return SinkWriter(journal, CursorFile(place.influx_cursor), open_series_store(config.influx), dead_lines)


def _start_pipeline(pipeline: Pipeline, stack: ExitStack) -> None:
    stopping = threading.Event()
    thread = threading.Thread(target=pipeline.run, args=(stopping,), name="pipeline")
    thread.start()
    stack.callback(thread.join, _STOP_WITHIN_S)
    stack.callback(stopping.set)


def _serve(
    config: CollectorConfig,
    pipeline: Pipeline,
    pictures: PictureFiles,
    supervision: SelfMonitor,
    journal: Journal,
    acknowledge_page: AcknowledgePage,
    more_figures: Iterable[RoomMetric],
    stack: ExitStack,
) -> None:
    """Starts the web server on a thread, on a socket that is bound here, so that a taken port is told at once."""
    registry = CollectorRegistry()
    for figure in (
        *room_metrics.intake_metrics(supervision.intake),
        *room_metrics.journal_metrics(journal),
        *room_metrics.pipeline_metrics(pipeline),
        *(room_metrics.sink_metrics(supervision.sink_writer) if supervision.sink_writer else ()),
        *room_metrics.outbox_metrics(supervision.sender),
        *more_figures,
    ):
        registry.register(figure)
    app = create_app(
        lambda: pipeline.view, pictures, supervision.health, registry=registry, acknowledge_page=acknowledge_page
    )
    settings = uvicorn.Config(
        app, host=config.web.host, port=config.web.port, log_config=None, access_log=False, lifespan="off"
    )
    try:
        listener = settings.bind_socket()
    except SystemExit:  # uvicorn's answer to a taken port
        raise CannotStartError(
            f"web.port: {config.web.host}:{config.web.port} cannot be listened on; another program has it"
        ) from None
    stack.callback(listener.close)
    server = uvicorn.Server(settings)
    listener.listen()  # who asks between now and the thread's first turn waits, and is not refused
    thread = threading.Thread(target=server.run, args=([listener],), name="web")
    thread.start()
    stack.callback(thread.join, _STOP_WITHIN_S)
    stack.callback(setattr, server, "should_exit", True)
    _log.info("the wall page is at http://%s:%d/", config.web.host, config.web.port)
