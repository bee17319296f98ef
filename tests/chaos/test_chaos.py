"""A short run of fault injection; `make chaos` runs for as long as it is asked to."""

from pathlib import Path

from tests.chaos.city import City
from tests.chaos.results import CheckResult
from tests.chaos.run import run


def test_through_ten_kills_and_other_faults_no_sample_is_lost_or_duplicated(tmp_path: Path) -> None:
    with City(tmp_path, sites=2, cameras=8, simcam_cameras=0) as city:
        outcome = run(city, seed=5, kills=10, report=print, settle_within_s=60)
    assert outcome.result.samples > 100
    assert outcome.passed, outcome


def test_what_only_the_broker_had_when_it_lost_power_arrives_all_the_same(tmp_path: Path) -> None:
    with City(tmp_path, sites=2, cameras=8, simcam_cameras=0) as city:
        outcome = run(city, seed=3, kills=2, report=print, settle_within_s=60, kind="power after absence")
    assert outcome.faults == {"power after absence": 1}
    assert outcome.passed, outcome


def test_each_kind_of_error_fails_the_check() -> None:
    def result(**errors: int) -> CheckResult:
        none = {
            "batches": 1,
            "samples": 1,
            "stored": 1,
            "lost": 0,
            "duplicated": 0,
            "unexpected": 0,
            "misdated": 0,
        }
        return CheckResult(**(none | errors), examples=[])

    assert result().passed
    for error in ("lost", "duplicated", "unexpected", "misdated"):
        assert not result(**{error: 1}).passed
    assert not result(samples=0).passed, "nothing was captured, so nothing was checked"
