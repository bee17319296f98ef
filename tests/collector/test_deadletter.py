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


def test_of_a_picture_nothing_is_kept_that_shows_anything(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    jpeg = b"\xff\xd8\xff\xe0" + b"face" * 1000
    DeadLetters(path, time_ms=lambda: NOW).write(
        [
            DeadLetter("pantau/v1/a/camera/c/snapshot", "r", b"face" * 1000),
            DeadLetter("pantau/v1/a/telemetry", "r", jpeg),
            DeadLetter("pantau/v1/a/telemetry", "r", b"\x89PNG" + jpeg),
        ]
    )
    for letter in letters_in(path):
        assert letter["size"] >= 4000
        assert len(base64.b64decode(letter["payload"])) == 16


def test_no_site_pushes_out_what_others_have_there(tmp_path: Path) -> None:
    now = [NOW]
    path = tmp_path / "dead.jsonl"
    letters = DeadLetters(path, time_ms=lambda: now[0], max_bytes=80_000)
    letters.write([DeadLetter("pantau/v1/quiet/telemetry", "mine", b"x")])
    for _ in range(10):
        letters.write([DeadLetter("pantau/v1/flood/telemetry", "r", b"y" * 1000) for _ in range(20)])
    kept = letters_in(path)
    assert sum(len(json.dumps(each)) for each in kept if each["topic"] == "pantau/v1/flood/telemetry") < 10_000
    assert [each["reason"] for each in kept if "quiet" in each["topic"]] == ["mine"]
    assert letters.left_out > 180
    now[0] += 60_000
    letters.write([])
    assert letters_in(path)[-1]["topic"] == "pantau/v1/flood"
    assert "more dead letters of this site are not kept" in letters_in(path)[-1]["reason"]
    now[0] += 86_400_000
    letters.write([DeadLetter("pantau/v1/flood/telemetry", "tomorrow", b"")])
    assert letters_in(path)[-1]["reason"] == "tomorrow"


def test_one_write_of_many_letters_goes_to_as_many_files_as_it_needs(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "dead.jsonl", time_ms=lambda: NOW, max_bytes=1000, files=3)
    letters.write([DeadLetter("t", str(number), b"x" * 100) for number in range(100)])
    assert letters.written == 100
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 3 * 1300


def test_a_letter_is_one_printable_line(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    DeadLetters(path, time_ms=lambda: NOW).write([DeadLetter("a\nb", "c\x1b[2J\u202ed", b"")])
    (letter,) = letters_in(path)
    assert (letter["topic"], letter["reason"]) == ("a b", "c [2Jd")
