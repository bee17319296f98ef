"""An intake with its files, for tests."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pantau_collector.config import Broker
from pantau_collector.deadletter import DeadLetters
from pantau_collector.intake import Intake
from pantau_collector.journal import Journal, Record
from pantau_collector.pictures import PictureFiles
from pantau_contract.messages import Telemetry
from pantau_contract.topics import parse_topic
from pantau_contract.wire import decode
from tests.collector.intake.messages import NOW
from tests.servers.process import until


class Room:
    """An intake with its files; `start` again is a restart of the collector."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.broker = Broker(port=port)
        self.intake: Intake | None = None

    def start(self, *, connected: bool = True) -> Intake:
        self.journal = Journal(self.folder / "journal")
        self.pictures = PictureFiles(self.folder / "pictures", time_ms=lambda: NOW)
        letters = DeadLetters(self.folder / "dead.jsonl", time_ms=lambda: NOW)
        self.intake = Intake(self.broker, self.journal, self.pictures, letters, time_ms=lambda: NOW, retry_s=0.02)
        self.intake.start()
        if connected:
            assert until(lambda: self.intake and self.intake.connected)
        return self.intake

    def stop(self) -> None:
        if self.intake is not None:
            self.intake.stop()
            self.journal.close()
            self.intake = None

    def records(self) -> list[Record]:
        return self.journal.read(0, 100_000)[0]

    def seqs(self) -> list[int]:
        return seqs_of(self.records())

    def dead(self) -> list[dict[str, Any]]:
        path = self.folder / "dead.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def seqs_of(records: Iterable[Record]) -> list[int]:
    messages = (decode(parse_topic(record.topic), record.payload) for record in records)
    return [message.seq for message in messages if isinstance(message, Telemetry)]
