"""The short one; `make chaos` strikes for as long as it is asked to."""

from pathlib import Path

from tests.chaos.city import City
from tests.chaos.run import run
from tests.chaos.verdict import Verdict


def test_through_a_dozen_kills_and_what_comes_between_no_sample_is_lost_or_doubled(tmp_path: Path) -> None:
    with City(tmp_path, sites=2, cameras=8, true_cameras=0) as city:
        outcome = run(city, seed=5, kills=12, say=print, settle_within_s=60)
    assert outcome.verdict.samples > 100
    assert outcome.good, outcome


def test_the_verdict_tells_of_each_kind_of_fault() -> None:
    def verdict(**faults: int) -> Verdict:
        none = {"batches": 1, "samples": 1, "stored": 1, "lost": 0, "doubled": 0, "strange": 0, "misdated": 0}
        return Verdict(**(none | faults), examples=[])

    assert verdict().good
    for fault in ("lost", "doubled", "strange", "misdated"):
        assert not verdict(**{fault: 1}).good
    assert not verdict(samples=0).good, "nothing was taken, so nothing was shown"
