import re
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from pantau_collector.clock import SystemClock
from pantau_collector.config import Broker, InfluxV1, NoticeRules
from pantau_collector.deadletter import DeadLetters
from pantau_collector.delivery.sender import Sender
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.intake import Intake
from pantau_collector.inventory import Inventory
from pantau_collector.journal import CursorFile, Journal, Record
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.links import Links
from pantau_collector.notices.recipients import People
from pantau_collector.notices.transport import ChannelTransport
from pantau_collector.pictures import PictureFiles
from pantau_collector.pipeline import Pipeline
from pantau_collector.sinks.influx_v1 import InfluxV1Store
from pantau_collector.sinks.sink_writer import SinkWriter
from pantau_collector.store import Store
from pantau_collector.web import room_metrics
from tests.collector.web.cities import NOW_MS


def now_ms() -> int:
    return NOW_MS


def test_the_figures_of_every_room_can_be_read_before_anything_has_happened(tmp_path: Path) -> None:
    dead_letters = DeadLetters(tmp_path / "dead.jsonl", time_ms=now_ms)
    with Journal(tmp_path / "journal") as journal:
        end = journal.append([Record(NOW_MS, "pantau/v1/a/agent", b"{}")])
        intake = Intake(
            Broker(), journal, PictureFiles(tmp_path / "pictures", time_ms=now_ms), dead_letters, time_ms=now_ms
        )
        store = InfluxV1Store(InfluxV1(version=1, url="http://127.0.0.1:1"))
        sink_writer = SinkWriter(journal, CursorFile(tmp_path / "cursor"), store, dead_letters)
        state = Store.at(tmp_path / "state.sqlite")
        pipeline = Pipeline(
            journal, state, Inventory(), People(), IncidentRules(), SystemClock(), listening=lambda: True
        )
        pipeline.step()
        links = Links(public_url=None, secret=bytes, valid_s=1, time_ms=now_ms)
        pictures = PictureFiles(tmp_path / "pictures", time_ms=now_ms)
        transport = ChannelTransport(now_ms)
        sender = Sender(state, transport, [], NoticeRules(), Composer(links), pictures, SystemClock())
        registry = CollectorRegistry()
        for figure in (
            *room_metrics.intake_metrics(intake),
            *room_metrics.journal_metrics(journal),
            *room_metrics.pipeline_metrics(pipeline),
            *room_metrics.sink_metrics(sink_writer),
            *room_metrics.outbox_metrics(sender),
        ):
            registry.register(figure)
        text = generate_latest(registry).decode()
    readme = (Path(__file__).parents[3] / "collector" / "README.md").read_text("utf-8")
    for name in re.findall(r"^# HELP (\w+)", text, re.MULTILINE):
        assert f"`{name}`" in readme, name
    for line in (
        "pantau_intake_connected 0.0",
        "pantau_intake_messages_total 0.0",
        f"pantau_journal_bytes {float(end)}",
        f"pantau_sink_behind_bytes {float(end)}",
        "pantau_sink_trouble 0.0",
        "pantau_pipeline_unreadable_total 1.0",
        "pantau_outbox_pending 0.0",
        "pantau_outbox_dead 0.0",
    ):
        assert line in text.splitlines()
