"""Lost minutes of some simulated months are in the right bucket, as the benchmark of the ledger counts them."""

from pathlib import Path

import pytest

from benchmarks.ledger import simulate
from benchmarks.ledger_years import YEAR_MS


@pytest.mark.parametrize("old", [False, True])
def test_lost_minutes_are_in_the_right_bucket(tmp_path: Path, old: bool) -> None:
    shares, costs = simulate(tmp_path / "years.sqlite", 1, length_ms=YEAR_MS // 3, old=old)
    lost = shares["all but the short"]
    assert lost.minutes > 5_000
    assert lost.right / lost.minutes >= 0.98
    assert lost.wrong / lost.minutes <= 0.01
    assert all(share.wrong / share.minutes <= 0.01 for share in shares.values() if share.minutes)
    assert costs["MB on the disk, a year of 10,000 cameras"] < 2_000
