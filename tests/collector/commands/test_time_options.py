from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import typer

from pantau_collector.commands.time_options import moment_ms, seconds, shown

WIB = ZoneInfo("Asia/Jakarta")
NOW_MS = int(datetime(2026, 11, 24, 12, 0, tzinfo=UTC).timestamp() * 1000)  # 19:00 WIB


@pytest.mark.parametrize(
    ("text", "past", "what"),
    [
        ("2026-11-30 22:00", False, "2026-11-30 22:00 WIB"),
        ("2026-11-30", False, "2026-11-30 00:00 WIB"),
        ("2026-11-30T22:00+08:00", False, "2026-11-30 21:00 WIB"),
        ("22:00", False, "2026-11-24 22:00 WIB"),
        ("7.30", False, "2026-11-25 07:30 WIB"),
        ("22:00", True, "2026-11-23 22:00 WIB"),
        ("now", False, "2026-11-24 19:00 WIB"),
        ("+90m", False, "2026-11-24 20:30 WIB"),
        ("7d", True, "2026-11-17 19:00 WIB"),
    ],
)
def test_a_moment_as_people_type_it(text: str, past: bool, what: str) -> None:
    assert shown(moment_ms("--from", text, WIB, NOW_MS, past=past), WIB) == what


@pytest.mark.parametrize("text", ["", "tomorrow", "25:00", "2026-13-01", "h", "0m", "9999d"])
def test_what_is_no_moment_is_told(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        moment_ms("--from", text, WIB, NOW_MS)
    assert ended.value.exit_code == 2
    assert "--from: expected a time" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "number"), [("90m", 5400), ("2h", 7200), ("1d12h", 129_600), ("2w", 1_209_600)])
def test_a_span_as_people_type_it(text: str, number: int) -> None:
    assert seconds("--for", text) == number


@pytest.mark.parametrize("text", ["", "2", "2 hours", "-2h", "0h", "500d"])
def test_what_is_no_span_is_told(text: str) -> None:
    with pytest.raises(typer.Exit):
        seconds("--for", text)
