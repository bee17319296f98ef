"""The rendered live view."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pantau_agent.commands.live_view import MAX_POINTS, History, render, render_line, sparkline
from pantau_agent.identity.firmware import Identity
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State
from pantau_contract.words import LANGUAGES, Language, words
from pantau_contract.words.evidence import detail

NOW_MS = 1_790_000_000_000


def sample(second: float, state: State = State.OK, cause: Cause | None = None, **of: float) -> Sample:
    time_ms = NOW_MS + int(second * 1000)
    return Sample("probe", time_ms, state, time_ms, cause, "the evidence" if cause else "", **of)  # type: ignore[arg-type] # figures alone


def shown(history: History, language: Language, *, width: int = 100, identity: Identity | None = None) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(render("rtsp://10.0.0.1/x", history, identity, words(language), width=width))
    return console.export_text()


def test_bars_are_as_high_as_what_they_stand_for() -> None:
    assert sparkline([0.0, 50.0, None, 100.0]) == "▁▅ █"
    assert sparkline([1.0, None], minimum=5.0) == "▂ "
    assert sparkline([0.0, 0.0]) == "▁▁"
    assert sparkline([]) == ""


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=50))
def test_there_is_a_bar_for_each_value_whatever_it_is(values: list[float | None]) -> None:
    assert len(sparkline(values)) == len(values)


def test_a_second_is_one_point_and_the_oldest_go() -> None:
    history = History()
    assert [history.record(sample(second, fps=second)) for second in (0, 0.3, 0.9, 1.0)] == [
        True,
        False,
        False,
        True,
    ]
    assert [point.fps for point in history.points] == [0.9, 1.0]
    for second in range(2, MAX_POINTS + 9):
        history.record(sample(second))
    assert len(history.points) == MAX_POINTS


@pytest.mark.parametrize("language", LANGUAGES)
def test_state_remedy_bars_and_changes_are_shown(language: Language) -> None:
    history = History()
    for second in range(20):
        history.record(sample(second, fps=15.0, bitrate_kbps=400.0 + 20 * second, rtp_loss_pct=0.0))
    history.record(sample(20, State.DOWN, Cause.STALLED))
    old = Identity("hikvision", "DS-2CD2142FWD-I", "V5.4.0 build 160530")
    text = shown(history, language, identity=old)
    say = words(language)
    for part in (say.state(State.DOWN), "stalled", "the evidence", "▅▅", "CVE-2017-7921", say("probe.watching")):
        assert part in text
    assert " ".join(say.remedy(Cause.STALLED).split()[:3]) in text
    assert len(re.findall(rf"\d\d:\d\d:\d\d  {say.state(State.OK)}\b", text)) == 1
    assert max(map(len, text.splitlines())) <= 100


def test_the_evidence_is_said_in_the_language() -> None:
    history = History()
    silent = detail("no_packet", seconds="6.0")
    history.record(Sample("probe", NOW_MS, State.DOWN, NOW_MS, Cause.STALLED, silent))
    assert history.latest is not None
    expected: dict[Language, str] = {"en": silent, "id": "tidak ada paket selama 6.0 detik"}
    for language, evidence in expected.items():
        for text in (shown(history, language), render_line(history.latest, words(language))):
            assert evidence in text
            assert (silent in text) == (language == "en")


@pytest.mark.parametrize("width", [30, 60, 200])
def test_it_fits_into_any_terminal(width: int) -> None:
    history = History()
    history.record(sample(0, fps=15.0, bitrate_kbps=400.0, rtp_loss_pct=9.0))
    assert max(map(len, shown(history, "en", width=width).splitlines())) <= width
    assert "rtsp://10.0.0.1/x" in shown(History(), "en", width=width)
