from pathlib import Path

import pytest

from pantau_agent.reporting.start import RESULT_FILE, describe_start, take_service_result
from pantau_agent.spool.dating import date_start
from pantau_agent.spool.previous import PreviousRun
from pantau_contract.messages import Start

BEFORE = PreviousRun("boot1", "0.2.0", clean=False, alive_ms=1_790_000_000_000)


@pytest.mark.parametrize(
    ("version", "machine_boot", "service_result", "reason"),
    [
        ("0.2.0", "boot1", "", "service"),
        ("0.2.0", "boot1", "signal", "service"),
        ("0.2.0", "boot1", "watchdog", "watchdog"),
        ("0.3.0", "boot1", "success", "upgrade"),
        ("0.2.0", "boot2", "watchdog", "machine"),
        ("0.3.0", "boot2", "", "machine"),
    ],
)
def test_the_reason_follows_from_the_run_before(
    version: str, machine_boot: str, service_result: str, reason: str
) -> None:
    start = describe_start(
        BEFORE,
        version=version,
        machine_boot=machine_boot,
        uptime_s=50.0,
        service_result=service_result,
        now=48.5,
    )
    assert start == Start(48_500, reason, machine_boot, 0, 1_790_000_000_000, clean=False)
    dated = date_start(start, 1_790_000_100_000)
    assert (dated.time, dated.machine_time) == (1_790_000_148_500, 1_790_000_100_000)
    assert dated.before == 1_790_000_000_000


def test_without_a_run_before_only_the_machine_is_described() -> None:
    start = describe_start(None, version="1", machine_boot="b", uptime_s=None, service_result="", now=7.0)
    assert start == Start(7000, "", "b")


def test_how_the_service_ended_is_read_once(tmp_path: Path) -> None:
    spool = tmp_path / "spool.sqlite"
    assert take_service_result(spool) == ""
    (tmp_path / RESULT_FILE).write_text("watchdog\n")
    assert take_service_result(spool) == "watchdog"
    assert take_service_result(spool) == ""
