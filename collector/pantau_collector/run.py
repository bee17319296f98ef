"""Wiring: every room made and started, in the order of the data's way backwards, so that none lacks its reader."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

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
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.sender import Sender
from pantau_collector.notices.transport import AppriseTransport
from pantau_collector.pictures import Pictures
from pantau_collector.pipeline import Pipeline
from pantau_collector.sinks import Drain, open_store
from pantau_collector.store import Store, StoreError
from pantau_collector.supervision import Supervision
from pantau_collector.web import create_app, figures
from pantau_service.systemd import Notifier

_STOP_WITHIN_S = 15
_LOOK_EVERY_S = 2.0
_log = logging.getLogger(__name__)


class CannotStartError(Exception):
    """Something that the configuration names cannot be used; the text says what, and what to do."""


def run_until_stopped(config: CollectorConfig, inventory: Inventory) -> None:
    """Collects until SIGTERM or SIGINT.

    Raises:
        CannotStartError: a port is taken, another collector writes the journal, or the disk cannot be written.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    notifier = Notifier()
    try:
        with _running(config, inventory, SystemClock()) as supervision:
            notifier.ready("collecting")
            while not stopping.wait(_LOOK_EVERY_S):
                notifier.status(supervision.status())
                if supervision.alive():
                    notifier.alive()
            notifier.stopping("writing what has come")
    except (JournalError, StoreError, OSError) as error:
        raise CannotStartError(str(error)) from None


@contextmanager
def _running(config: CollectorConfig, inventory: Inventory, clock: Clock) -> Iterator[Supervision]:
    place = DataDir(config.data_dir)
    for problem in inventory.strangers(config.recipient):
        _log.warning("%s", problem)
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(place.journal))
        pictures = Pictures(place.pictures, time_ms=clock.time_ms)
        store = Store.at(place.store)
        stack.callback(store.close)
        if config.embedded_broker:
            stack.enter_context(EmbeddedBroker(config.broker.port))
        intake = Intake(
            config.broker,
            journal,
            pictures,
            DeadLetters(place.dead_messages, time_ms=clock.time_ms),
            time_ms=clock.time_ms,
        )
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
        drain = _drain(config, place, journal, clock)
        supervision = Supervision(intake=intake, pipeline=pipeline, sender=sender, drain=drain, clock=clock)
        _serve(config, pipeline, pictures, supervision, journal, stack)
        sender.start()
        stack.callback(sender.stop)
        if drain is not None:
            drain.start()
            stack.callback(drain.stop)
        _start_pipeline(pipeline, stack)
        intake.start()
        stack.callback(intake.stop)
        yield supervision


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
    thread = threading.Thread(target=server.run, args=([listener],), name="web")
    thread.start()
    stack.callback(thread.join, _STOP_WITHIN_S)
    stack.callback(setattr, server, "should_exit", True)
    _log.info("the wall page is at http://%s:%d/", config.web.host, config.web.port)
