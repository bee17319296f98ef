import base64
import json
from pathlib import Path
from typing import Any

from pantau_collector.deadletter import DeadLetter, DeadLetters

NOW = 1_790_000_000_123


def letters_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_letter_tells_when_where_why_and_what(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "new" / "dead.jsonl", time_ms=lambda: NOW)
    letters.write([DeadLetter("pantau/v1/a/telemetry", "Expected `int`", b"\x00\xff")])
    assert letters_in(tmp_path / "new" / "dead.jsonl") == [
        {
            "time": "2026-09-21T14:13:20.123+00:00",
            "topic": "pantau/v1/a/telemetry",
            "reason": "Expected `int`",
            "size": 2,
            "payload": base64.b64encode(b"\x00\xff").decode(),
        }
    ]
    assert letters.written == 1


def test_of_a_huge_payload_only_the_beginning_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    DeadLetters(path, time_ms=lambda: NOW).write([DeadLetter("t" * 70_000, "r" * 70_000, b"x" * 10_000_000)])
    payload = base64.b64decode(json.loads(path.read_text())["payload"])
    assert len(payload) == 65_536
    assert letters_in(path)[0]["size"] == 10_000_000


def test_the_files_are_rotated_and_their_number_is_bounded(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "dead.jsonl", time_ms=lambda: NOW, max_bytes=1000, files=3)
    for i in range(100):
        letters.write([DeadLetter("t", str(i), b"x" * 100)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dead.jsonl", "dead.jsonl.1", "dead.jsonl.2"]
    assert letters_in(tmp_path / "dead.jsonl")[-1]["reason"] == "99"
    kept = [letter for path in sorted(tmp_path.iterdir(), reverse=True) for letter in letters_in(path)]
    assert [int(letter["reason"]) for letter in kept] == list(range(100 - len(kept), 100))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 3 * 1300


def test_a_line_cut_by_a_loss_of_power_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    path.write_bytes(b'{"time": "2026-')
    DeadLetters(path, time_ms=lambda: NOW).write([DeadLetter("t", "r", b"")])
    assert json.loads(path.read_text().splitlines()[-1])["reason"] == "r"
