import pytest

from pantau_agent.reporting.precision import Precision
from pantau_contract.messages import Sample
from pantau_contract.states import State

SAMPLE = Sample(
    "gate",
    1_790_000_000_123,
    State.OK,
    1_789_999_999_987,
    codec="h264",
    width=640,
    height=360,
    fps=24.96,
    bitrate_kbps=1234.5,
    keyframe_interval_s=2.003,
    rtp_loss_pct=0.0,
    jitter_ms=3.14159,
    connect_ms=12.34,
    first_keyframe_ms=412.7,
    clock_offset_s=-1.3,
    transport="tcp",
    evidence={"black": 0.04, "frozen": 0.27},
)


def test_figures_have_the_digits_that_they_are_worth_and_all_else_is_as_it_was() -> None:
    assert Precision().round(SAMPLE, 0) == Sample(
        "gate",
        1_790_000_000_123,
        State.OK,
        1_789_999_999_987,
        codec="h264",
        width=640,
        height=360,
        fps=25,
        bitrate_kbps=1200,
        keyframe_interval_s=2,
        rtp_loss_pct=0,
        jitter_ms=3.1,
        connect_ms=12,
        first_keyframe_ms=410,
        clock_offset_s=-1.5,
        transport="tcp",
        evidence={"black": 0.0, "frozen": 0.3},
    )


@pytest.mark.parametrize(("value", "reported"), [(0.04321, 0.043), (9.96, 10), (0.0, 0), (None, None)])
def test_small_figures_keep_their_digits_too(value: float | None, reported: float | None) -> None:
    assert Precision().round(Sample("gate", 1, State.OK, 1, rtp_loss_pct=value), 0).rtp_loss_pct == reported


def test_what_holds_for_a_session_is_told_when_it_is_new_and_every_ten_minutes() -> None:
    precision = Precision()

    def reported(at_s: float, connect_ms: float = 12.3, camera: str = "gate") -> float | None:
        return precision.round(Sample(camera, 1, State.OK, 1, connect_ms=connect_ms), at_s).connect_ms

    assert reported(100) == 12
    assert reported(130) is None
    assert reported(130, camera="yard") == 12
    assert reported(160, connect_ms=50) == 50
    assert reported(700, connect_ms=50) is None
    assert reported(760, connect_ms=50) == 50
