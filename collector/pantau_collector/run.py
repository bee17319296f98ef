"""Wiring: every room made and started, in the order of the data's way backwards, so that none lacks its reader."""

import logging
import signal
import threading
from contextlib import ExitStack

import uvicorn
from prometheus_client import CollectorRegistry

from pantau_collector.clock import Clock, SystemClock
from pantau_collector.config import CollectorConfig
from pantau_collector.data_dir import DataDir
from pantau_collector.deadletter import DeadLetters
from pantau_collector.embedded_broker import EmbeddedBroker
from pantau_collector.intake import Intake
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Cursor, Journal, JournalError
from pantau_collector.leadership import CONNECT, AdvisoryLock, Alone, Leadership
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.sender import Sender
from pantau_collector.notices.transport import AppriseTransport
from pantau_collector.pictures import Pictures
from pantau_collector.pipeline import Pipeline
from pantau_collector.recorder import Recorder
from pantau_collector.sinks import Drain, open_store
from pantau_collector.store import Store, StoreError
from pantau_collector.supervision import Supervision
from pantau_collector.web import create_app, figures
from pantau_service.systemd import Notifier

_STOP_WITHIN_S = 15
_LOOK_EVERY_S = 2.0
_TRY_EVERY_S = 1.0
_log = logging.getLogger(__name__)


class CannotStartError(Exception):
    """Something that the configuration names cannot be used; the text says what, and what to do."""


def run_until_stopped(config: CollectorConfig, inventory: Inventory) -> None:
    """Collects until SIGTERM or SIGINT; where there are two collectors, stands by until it is the active one.

    Raises:
        CannotStartError: a port is taken, another collector writes the journal, or the disk cannot be written; or
            another collector has become the active one.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
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
                notifier.status(supervision.status())
                if supervision.alive():
                    notifier.alive()
            notifier.stopping("writing what has come")
    except (JournalError, StoreError, OSError) as error:
        raise CannotStartError(str(error)) from None


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
        self.pictures = Pictures(place.pictures, time_ms=clock.time_ms)
        self.drain = _drain(config, place, self.journal, clock)
        self.intake = Intake(
            config.broker,
            self.journal,
            self.pictures,
            DeadLetters(place.dead_messages, time_ms=clock.time_ms),
            time_ms=clock.time_ms,
        )
        if config.embedded_broker:
            stack.enter_context(EmbeddedBroker(config.broker.port))
        self._stack = stack
        self._started = False

    def start(self) -> None:
        """Begins, if it has not."""
        if self._started:
            return
        self._started = True
        if self.drain is not None:
            self.drain.start()
            self._stack.callback(self.drain.stop)
        self.intake.start()
        self._stack.callback(self.intake.stop)


def _decide(config: CollectorConfig, inventory: Inventory, receiving: _Receiving, stack: ExitStack) -> Supervision:
    """Starts what only the active collector does: incidents, notices, wall."""
    clock, journal, intake, pictures = receiving.clock, receiving.journal, receiving.intake, receiving.pictures
    for problem in inventory.strangers(config.recipient):
        _log.warning("%s", problem)
    store = _open_store(config, receiving.place)
    stack.callback(store.close)
    pipeline = Pipeline(
        journal,
        store,
        inventory,
        config.recipient,
        config.incidents,
        clock,
        listening=lambda: intake.listening,
        picture_ms=pictures.taken_ms,
    )
    composer = Composer(public_url=config.web.public_url)
    sender = Sender(store, AppriseTransport(), config.recipient, config.notices, composer, pictures, clock)
    supervision = Supervision(
        intake=intake,
        pipeline=pipeline,
        sender=sender,
        drain=receiving.drain,
        journal=journal,
        store=store,
        clock=clock,
    )
    _serve(config, pipeline, pictures, supervision, journal, stack)
    sender.start()
    stack.callback(sender.stop)
    _start_pipeline(pipeline, stack)
    recorder = Recorder(journal, store, lambda: supervision.figures(config.broker.client_id), clock)
    recorder.start()
    stack.callback(recorder.stop)
    return supervision


def _open_store(config: CollectorConfig, place: DataDir) -> Store:
    if config.store is None:
        return Store.at(place.store)
    store = Store(config.store.full_url, connect_args=CONNECT, pool_pre_ping=True)
    store.take_over()
    return store


def _drain(config: CollectorConfig, place: DataDir, journal: Journal, clock: Clock) -> Drain | None:
    if config.influx is None:
        _log.info(
            "no InfluxDB is configured: all is kept in %s, and `replay` can pour it into one later", place.journal
        )
        return None
    dead_lines = DeadLetters(place.dead_lines, time_ms=clock.time_ms)
    return Drain(journal, Cursor(place.influx_cursor), open_store(config.influx), dead_lines)


def _start_pipeline(pipeline: Pipeline, stack: ExitStack) -> None:
    stopping = threading.Event()
    thread = threading.Thread(target=pipeline.run, args=(stopping,), name="pipeline")
    thread.start()
    stack.callback(thread.join, _STOP_WITHIN_S)
    stack.callback(stopping.set)


def _serve(
    config: CollectorConfig,
    pipeline: Pipeline,
    pictures: Pictures,
    supervision: Supervision,
    journal: Journal,
    stack: ExitStack,
) -> None:
    """Starts the web server on a thread, on a socket that is bound here, so that a taken port is told at once."""
    registry = CollectorRegistry()
    for figure in (
        *figures.of_intake(supervision.intake),
        *figures.of_journal(journal),
        *(figures.of_sink(supervision.drain) if supervision.drain else ()),
        *figures.of_outbox(supervision.sender.pending),
    ):
        registry.register(figure)
    app = create_app(lambda: pipeline.view, pictures, supervision.health, registry=registry)
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
