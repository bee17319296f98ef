"""Test that the present collector accepts everything that an agent of 0.1.0 sends."""

import json
import zlib
from pathlib import Path

import pytest

from pantau_collector.config import Broker
from pantau_collector.deadletter import DeadLetters
from pantau_collector.intake import Intake
from pantau_collector.journal import Journal
from pantau_collector.pictures import PictureFiles
from pantau_contract.messages import Telemetry
from pantau_contract.preset_dictionary import PRESET_DICTIONARY
from pantau_contract.states import State
from pantau_contract.topics import TopicKind, parse_topic
from pantau_contract.wire import decode, encode
from tests.collector.intake.messages import Publisher
from tests.compatibility.recorded import Recorded, recorded
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until

MESSAGES = [message for message in recorded() if not message.name.endswith(".jpg")]
TELEMETRY = [message for message in MESSAGES if message.name.startswith("telemetry")]
NOW_MS = 1_795_985_900_000


def test_the_intake_takes_every_message_and_no_dead_letter_is_written(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    dead = tmp_path / "dead.jsonl"
    with Journal(tmp_path / "journal") as journal:
        intake = Intake(
            Broker(port=mosquitto.port),
            journal,
            PictureFiles(tmp_path / "pictures", time_ms=lambda: NOW_MS),
            DeadLetters(dead, time_ms=lambda: NOW_MS),
            time_ms=lambda: NOW_MS,
        )
        intake.start()
        try:
            assert until(lambda: intake.connected)
            with Publisher(mosquitto.port) as agent:
                agent.send_all((message.topic, message.payload) for message in recorded())
            assert until(lambda: intake.acknowledged == len(recorded()))
        finally:
            intake.stop()
        assert (intake.dead, intake.lost_pictures) == (0, 0), dead.read_text() if dead.exists() else ""
        journaled = journal.read(0, 1000)[0]
    assert [(record.topic, record.payload) for record in journaled] == [
        (message.topic, message.payload) for message in MESSAGES
    ]
    assert list((tmp_path / "pictures").rglob("*.jpg"))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_it_means_the_same_as_it_did(message: Recorded) -> None:
    """Decoding and encoding a message changes no value, except that a cause may have a new name."""
    decoded = decode(parse_topic(message.topic), message.payload)
    if isinstance(decoded, Telemetry):
        states = {sample.camera: sample.state for sample in decoded.samples}
        assert (
            states.items() <= {"gate": State.OK, "yard": State.DOWN, "web": State.DOWN}.items() or decoded.seq == 0
        )
        assert decoded.host is not None
        assert decoded.interval_s == 2
        return
    sent = json.loads(message.payload)
    again = json.loads(encode(decoded))
    causes = {"not_rtsp", "wrong_protocol"}
    assert {key for key in sent.keys() | again.keys() if sent.get(key) != again.get(key)} <= {"cause"}
    assert sent.get("cause") == again.get("cause") or {sent["cause"], again["cause"]} == causes


def test_telemetry_is_written_as_it_was_in_rows_and_in_columns() -> None:
    """An old collector can read a new agent: fields, columns and the dictionary are the same."""
    for message in TELEMETRY:
        topic = parse_topic(message.topic)
        assert topic.kind is TopicKind.TELEMETRY
        batch = decode(topic, message.payload)
        compressed = message.name.endswith(".zlib")
        written = encode(batch, compress=compressed)
        assert _content(written, compressed) == _content(message.payload, compressed)


def _content(payload: bytes, compressed: bool) -> object:
    inflated = zlib.decompressobj(zdict=PRESET_DICTIONARY).decompress(payload) if compressed else payload
    return json.loads(inflated)
