"""Runs every declared scenario on the collector's own stages and store, in virtual time."""

from pathlib import Path

import pytest

from pantau_collector.simulation import load_scenario, simulate

SCENARIOS = sorted(Path(__file__).with_name("scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_what_is_told_is_what_is_wanted(path: Path) -> None:
    outcome = simulate(*load_scenario(path))
    assert not outcome.differences, "\n".join(outcome.differences)
