"""The other rooms' figures for `/metrics`: what each is called, and where it is read when it is asked for."""

from collections.abc import Callable

from pantau_collector.alertmanager.alert_sender import AlertSender
from pantau_collector.delivery.sender import Sender
from pantau_collector.heartbeat.sender import HeartbeatSender
from pantau_collector.intake import Intake
from pantau_collector.journal import Journal
from pantau_collector.pipeline import Pipeline
from pantau_collector.sinks.sink_writer import SinkWriter
from pantau_collector.web.metrics import Figure


def of_intake(intake: Intake) -> list[Figure]:
    """How messages come in."""
    return [
        Figure("pantau_intake_connected", "1 while the broker has the collector.", lambda: intake.connected),
        Figure("pantau_intake_waiting", "Messages that arrived and are not yet on disk.", lambda: intake.waiting),
        _count("pantau_intake_messages", "Messages from the broker.", lambda: intake.received),
        _count("pantau_intake_bytes", "Payload of the messages from the broker.", lambda: intake.received_bytes),
        _count("pantau_intake_acknowledged", "Messages acknowledged, so on disk.", lambda: intake.acknowledged),
        _count("pantau_intake_journaled", "Messages written to the journal.", lambda: intake.journaled),
        _count("pantau_intake_samples", "Camera samples written to the journal.", lambda: intake.samples),
        _count("pantau_intake_duplicates", "Batches that came again.", lambda: intake.duplicates),
        _count("pantau_intake_dead_letters", "Messages that broke the contract.", lambda: intake.dead),
        _count("pantau_intake_lost_pictures", "Pictures that could not be written.", lambda: intake.lost_pictures),
    ]


def of_journal(journal: Journal) -> list[Figure]:
    """How large the journal is."""
    return [
        Figure("pantau_journal_bytes", "The journal on disk.", lambda: journal.end - journal.start),
        _count("pantau_journal_written_bytes", "Bytes ever written to the journal.", lambda: journal.end),
        _count(
            "pantau_journal_removed_unread_bytes",
            "Bytes removed before every reader had read them.",
            lambda: journal.removed_unread_bytes,
        ),
    ]


def of_pipeline(pipeline: Pipeline) -> list[Figure]:
    """Return the figures of the journal's reading into the fleet."""
    return [
        _count(
            "pantau_pipeline_unreadable",
            "Records of the journal that broke the contract.",
            lambda: pipeline.unreadable,
        ),
    ]


def of_sink(writer: SinkWriter) -> list[Figure]:
    """How the journal reaches InfluxDB."""
    return [
        Figure(
            "pantau_sink_behind_bytes",
            "Journal that InfluxDB does not have yet.",
            lambda: writer.behind_bytes,
        ),
        Figure("pantau_sink_trouble", "1 while InfluxDB takes no lines.", lambda: writer.trouble is not None),
        _count("pantau_sink_lines", "Lines that InfluxDB took.", lambda: writer.lines_written),
        _count("pantau_sink_dead_lines", "Lines that InfluxDB refused for ever.", lambda: writer.lines_dead),
        _count("pantau_sink_retries", "Writes that have to be tried again.", lambda: writer.retries),
    ]


def of_outbox(sender: Sender) -> list[Figure]:
    """How notices leave."""
    return [
        Figure("pantau_outbox_pending", "Messages that are not delivered yet.", sender.pending),
        Figure("pantau_outbox_dead", "Messages that were given up on a channel.", sender.dead),
        Figure("pantau_notices_held", "Notices that wait for others, or for a digest.", sender.held),
        _count("pantau_outbox_sent", "Messages handed over.", lambda: sender.sent),
        _count("pantau_outbox_failures", "Attempts that failed.", lambda: sender.failed),
    ]


def of_heartbeat(heartbeat: HeartbeatSender) -> list[Figure]:
    """Whether someone outside knows that the collector lives."""
    return [
        Figure(
            "pantau_heartbeat_well", "1 while all is well, so that the heart beats.", lambda: heartbeat.healthy
        ),
        Figure("pantau_heartbeat_trouble", "1 while it does not arrive.", lambda: heartbeat.trouble is not None),
        _count("pantau_heartbeat_beats", "Signs of life that arrived.", lambda: heartbeat.sent),
        _count("pantau_heartbeat_failures", "Signs that did not arrive.", lambda: heartbeat.failures),
    ]


def of_alertmanager(sender: AlertSender) -> list[Figure]:
    """How incidents reach an Alertmanager."""
    return [
        Figure("pantau_alertmanager_trouble", "1 while it takes no alerts.", lambda: sender.trouble is not None),
        _count("pantau_alertmanager_alerts", "Alerts that it took.", lambda: sender.sent),
        _count("pantau_alertmanager_refused", "Alerts that it refused for ever.", lambda: sender.refused),
    ]


def _count(name: str, what: str, read: Callable[[], float]) -> Figure:
    return Figure(name, what, read, counter=True)
