"""Which sites are shut out, for how long, and what is asked of the broker."""

import json
from pathlib import Path

import pytest

from pantau_collector.intake import quarantine
from pantau_collector.intake.quarantine import Quarantine
from tests.agent.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def made(path: Path, clock: FakeClock) -> Quarantine:
    return Quarantine(path / "quarantine.json", time_ms=clock.time_ms, monotonic=clock.monotonic)


def asked(commands: list[bytes]) -> list[tuple[str, str]]:
    return [
        (each["command"], each["username"]) for command in commands for each in json.loads(command)["commands"]
    ]


def test_the_limits_are_those_that_are_documented() -> None:
    assert quarantine.SHUT_OUT_S == 600
    assert (quarantine.MESSAGES_PER_S, quarantine.MESSAGES_AT_ONCE) == (200, 2000)
    assert (quarantine.BYTES_PER_S, quarantine.BYTES_AT_ONCE) == (4_194_304, 50_331_648)
    assert quarantine.CATCHING_UP_S == 60


@pytest.mark.parametrize(("size", "at_once"), [(100, 2000), (2 << 20, 24)])
def test_a_site_that_sends_too_much_is_shut_out_for_ten_minutes_and_no_other_is(
    tmp_path: Path, clock: FakeClock, size: int, at_once: int
) -> None:
    kept = made(tmp_path, clock)
    clock.pass_s(60)
    admitted = sum(kept.admits("north", 1, size) for _ in range(2 * at_once))
    assert admitted == at_once - 1
    assert asked(kept.commands_for("north")) == [("disableClient", "north")]
    assert kept.commands_for("north") == []
    clock.pass_s(1)
    assert asked(kept.commands_for("north")) == [("disableClient", "north")]
    assert kept.admits("south", 1, size)
    assert kept.admits("", 1, size)
    assert "north for 9 min" in str(kept.trouble)
    clock.pass_s(598)
    assert kept.take_due() == []
    clock.pass_s(1)
    assert asked(kept.take_due()) == [("enableClient", "north")]
    assert kept.admits("north", 1, size)
    assert kept.trouble is None


def test_what_the_broker_kept_while_we_were_away_is_no_flood(tmp_path: Path, clock: FakeClock) -> None:
    kept = made(tmp_path, clock)
    assert all(kept.admits("north", 1, 100) for _ in range(19_999))
    assert not kept.admits("north", 1, 100)


def test_a_restart_lets_in_again_who_was_shut_out_before_it(tmp_path: Path, clock: FakeClock) -> None:
    kept = made(tmp_path, clock)
    while kept.admits("north", 1, 100):
        pass
    again = made(tmp_path, clock)
    assert not again.admits("north", 1, 100)
    clock.pass_s(600)
    assert asked(again.take_due()) == [("enableClient", "north")]
    assert made(tmp_path, clock).admits("north", 1, 100)
    (tmp_path / "quarantine.json").write_text("rubbish")
    assert made(tmp_path, clock).admits("north", 1, 100)
