"""Flapping has the weights of Icinga 2."""

import pytest

from pantau_collector.incidents.flap import share_pct, shift


def test_the_weights_are_icingas() -> None:
    assert share_pct(0) == 0
    assert share_pct(1) == pytest.approx(1.18 / 20 * 100)
    assert share_pct(1 << 18) == pytest.approx(0.82 / 20 * 100)
    assert share_pct((1 << 19) - 1) == pytest.approx(95.0)


def test_a_change_is_forgotten_after_twenty_results() -> None:
    assert shift(1, 18) == 1 << 18
    assert shift(1, 19) == shift((1 << 19) - 1, 1_000_000) == 0
