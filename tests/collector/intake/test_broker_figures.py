"""What the broker reports of itself, and what of it is a trouble."""

import math

import pytest

from pantau_collector.intake import broker_figures
from pantau_collector.intake.broker_figures import DROPPED, HEAP, RETAINED, STORED, TOPICS, BrokerFigures


@pytest.fixture
def figures() -> BrokerFigures:
    return BrokerFigures()


def test_without_figures_there_is_no_trouble(figures: BrokerFigures) -> None:
    assert broker_figures.QUIET_S == 300
    for payload in (b"", b"rubbish", b"nan", b"inf", b"-inf", b"\xff"):
        figures.note(HEAP, payload, 0)
    figures.note("$SYS/broker/else", b"1e12", 0)
    assert all(math.isnan(figures.value(topic)) for topic in (*TOPICS, "$SYS/broker/else"))
    assert figures.trouble(0, max_memory_mb=1) is None


def test_messages_that_are_dropped_are_a_trouble_until_300_s_without_another(figures: BrokerFigures) -> None:
    figures.note(DROPPED, b"7", 0)
    assert figures.trouble(0, max_memory_mb=1) is None, "they may have been dropped long ago"
    figures.note(DROPPED, b"9", 100)
    figures.note(DROPPED, b"10", 300)
    assert "dropped messages (3)" in (figures.trouble(599, max_memory_mb=1) or "")
    assert figures.trouble(600, max_memory_mb=1) is None
    figures.note(DROPPED, b"1", 700)  # the broker was started again
    assert figures.trouble(700, max_memory_mb=1) is None
    figures.note(DROPPED, b"2", 800)
    assert "dropped messages (1)" in (figures.trouble(800, max_memory_mb=1) or "")


def test_memory_above_the_limit_is_a_trouble(figures: BrokerFigures) -> None:
    for topic, value in ((HEAP, b"500000000"), (STORED, b"1200"), (RETAINED, b"700")):
        figures.note(topic, value, 0)
    assert figures.trouble(1e9, max_memory_mb=500) is None
    figures.note(HEAP, b"500000001", 0)
    said = figures.trouble(1e9, max_memory_mb=500)
    assert said is not None
    assert "500 MB, over the limit of 500 (broker.max_memory_mb): 1200 messages wait, 700 are retained" in said
