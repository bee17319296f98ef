"""The metrics of the collector's other rooms: the name of each, its help text, and where its value is read."""

from collections.abc import Callable

from pantau_collector.alertmanager.alert_sender import AlertSender
from pantau_collector.delivery.sender import Sender
from pantau_collector.heartbeat.sender import HeartbeatSender
from pantau_collector.intake import Intake
from pantau_collector.intake.broker_figures import DROPPED, HEAP, RETAINED, STORED
from pantau_collector.journal import Journal
from pantau_collector.pictures import PictureFiles
from pantau_collector.pipeline import Pipeline
from pantau_collector.sinks.sink_writer import SinkWriter
from pantau_collector.snapshots import SnapshotArchive
from pantau_collector.web.connections import Connections
from pantau_collector.web.metrics import RoomMetric


def intake_metrics(intake: Intake) -> list[RoomMetric]:
    """Return the metrics of how messages arrive."""
    return [
        _gauge("pantau_intake_connected", "1 while the broker has the collector.", lambda: intake.connected),
        _gauge("pantau_intake_waiting", "Messages that arrived and are not yet on disk.", lambda: intake.waiting),
        _counter("pantau_intake_messages", "Messages from the broker.", lambda: intake.received),
        _counter("pantau_intake_bytes", "Payload of the messages from the broker.", lambda: intake.received_bytes),
        _counter("pantau_intake_acknowledged", "Messages acknowledged, so on disk.", lambda: intake.acknowledged),
        _counter("pantau_intake_journaled", "Messages written to the journal.", lambda: intake.journaled),
        _counter("pantau_intake_samples", "Camera samples written to the journal.", lambda: intake.samples),
        _counter("pantau_intake_duplicates", "Batches that came again.", lambda: intake.duplicates),
        _counter("pantau_intake_dead_letters", "Messages that broke the contract.", lambda: intake.dead),
        _gauge(
            "pantau_intake_over_share",
            "Messages of sites that send more than their share, which wait on disk.",
            lambda: intake.over_share,
        ),
        _counter(
            "pantau_intake_dropped",
            "Messages dropped because their site sends far too much.",
            lambda: intake.dropped,
        ),
        _counter(
            "pantau_intake_lost_pictures", "Pictures that could not be written.", lambda: intake.lost_pictures
        ),
        _counter(
            "pantau_intake_shut_out",
            "Messages dropped because their site floods the broker.",
            lambda: intake.shut_out,
        ),
        _gauge("pantau_broker_memory_bytes", "Memory of the broker.", lambda: intake.broker_figure(HEAP)),
        _gauge("pantau_broker_messages", "Messages that the broker holds.", lambda: intake.broker_figure(STORED)),
        _gauge(
            "pantau_broker_retained", "Retained messages at the broker.", lambda: intake.broker_figure(RETAINED)
        ),
        _counter(
            "pantau_broker_dropped",
            "Messages that the broker has dropped since its start.",
            lambda: intake.broker_figure(DROPPED),
        ),
    ]


def journal_metrics(journal: Journal) -> list[RoomMetric]:
    """Return the metrics of the journal's size."""
    return [
        _gauge("pantau_journal_bytes", "The journal on disk.", lambda: journal.end - journal.start),
        _counter("pantau_journal_written_bytes", "Bytes ever written to the journal.", lambda: journal.end),
        _counter(
            "pantau_journal_removed_unread_bytes",
            "Bytes removed before every reader had read them.",
            lambda: journal.removed_unread_bytes,
        ),
    ]


def picture_metrics(pictures: PictureFiles) -> list[RoomMetric]:
    """Return the metrics of the cameras' pictures."""
    return [
        _gauge("pantau_pictures_bytes", "The pictures on disk.", lambda: pictures.total_bytes),
        _counter(
            "pantau_pictures_removed", "Pictures removed, or not kept, for want of room.", lambda: pictures.removed
        ),
    ]


def archive_metrics(archive: SnapshotArchive) -> list[RoomMetric]:
    """Return the metrics of the archive of pictures."""
    return [
        _gauge("pantau_snapshots_bytes", "The archived pictures on disk.", lambda: archive.total_bytes),
        _counter("pantau_snapshots_lost", "Pictures that could not be archived.", lambda: archive.lost),
        _counter(
            "pantau_snapshots_given_up", "Archived pictures removed for want of room.", lambda: archive.given_up
        ),
    ]


def pipeline_metrics(pipeline: Pipeline) -> list[RoomMetric]:
    """Return the metrics of how the journal is read into the fleet."""
    return [
        _counter(
            "pantau_pipeline_unreadable",
            "Records of the journal that broke the contract.",
            lambda: pipeline.unreadable,
        ),
    ]


def sink_metrics(writer: SinkWriter) -> list[RoomMetric]:
    """Return the metrics of how the journal reaches InfluxDB."""
    return [
        _gauge(
            "pantau_sink_behind_bytes",
            "Journal that InfluxDB does not have yet.",
            lambda: writer.behind_bytes,
        ),
        _gauge("pantau_sink_trouble", "1 while InfluxDB takes no lines.", lambda: writer.trouble is not None),
        _counter("pantau_sink_lines", "Lines that InfluxDB took.", lambda: writer.lines_written),
        _counter("pantau_sink_dead_lines", "Lines that InfluxDB refused for ever.", lambda: writer.lines_dead),
        _counter("pantau_sink_retries", "Writes that have to be tried again.", lambda: writer.retries),
    ]


def outbox_metrics(sender: Sender) -> list[RoomMetric]:
    """Return the metrics of how notices are delivered."""
    return [
        _gauge("pantau_outbox_pending", "Messages that are not delivered yet.", sender.pending),
        _gauge("pantau_outbox_dead", "Messages that were given up on a channel.", sender.dead),
        _gauge("pantau_notices_held", "Notices that wait for others, or for a digest.", sender.held),
        _counter("pantau_outbox_sent", "Messages handed over.", lambda: sender.sent),
        _counter("pantau_outbox_failures", "Attempts that failed.", lambda: sender.failed),
    ]


def web_metrics(connections: Connections) -> list[RoomMetric]:
    """Return the metrics of the web server's connections."""
    return [
        _gauge("pantau_web_connections", "Connections to the web server.", lambda: len(connections)),
        _counter(
            "pantau_web_ended_connections",
            "Connections that were too slow, or too many.",
            lambda: connections.ended,
        ),
    ]


def heartbeat_metrics(heartbeat: HeartbeatSender) -> list[RoomMetric]:
    """Return the metrics of the sign of life to someone outside."""
    return [
        _gauge(
            "pantau_heartbeat_well", "1 while all is well, so that the heart beats.", lambda: heartbeat.healthy
        ),
        _gauge("pantau_heartbeat_trouble", "1 while it does not arrive.", lambda: heartbeat.trouble is not None),
        _counter("pantau_heartbeat_beats", "Signs of life that arrived.", lambda: heartbeat.sent),
        _counter("pantau_heartbeat_failures", "Signs that did not arrive.", lambda: heartbeat.failures),
    ]


def alertmanager_metrics(sender: AlertSender) -> list[RoomMetric]:
    """Return the metrics of how incidents reach an Alertmanager."""
    return [
        _gauge("pantau_alertmanager_trouble", "1 while it takes no alerts.", lambda: sender.trouble is not None),
        _counter("pantau_alertmanager_alerts", "Alerts that it took.", lambda: sender.sent),
        _counter("pantau_alertmanager_refused", "Alerts that it refused for ever.", lambda: sender.refused),
    ]


def _gauge(name: str, text: str, read: Callable[[], float]) -> RoomMetric:
    return RoomMetric(name, text, read)


def _counter(name: str, text: str, read: Callable[[], float]) -> RoomMetric:
    return RoomMetric(name, text, read, counter=True)
