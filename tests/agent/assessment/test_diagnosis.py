import errno
from dataclasses import replace

import pytest

from pantau_agent.assessment.diagnosis import Diagnosis, Evidence, Expected, cause_of, diagnose
from pantau_agent.assessment.rates import Measures
from pantau_agent.picture.decoder import JudgedPicture
from pantau_agent.picture.exchange import PictureError
from pantau_agent.picture.verdict import Verdict
from pantau_agent.streams.failure import Failure, Kind, Step
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.words.evidence import NO_DETAIL, Detail

WELL = Evidence(
    packets=1000,
    frames=250,
    keyframes=10,
    measures=Measures(fps=25, bitrate_kbps=400, keyframe_interval_s=2, rtp_loss_pct=0, jitter_ms=1),
    clock_offset_s=0.1,
    start_s=0.5,
    picture=JudgedPicture(Verdict(None), b"jpeg", 640, 360),
)


def measured(**changes: float) -> Evidence:
    return replace(WELL, measures=replace(WELL.measures, **changes))  # type: ignore[arg-type] # none is of the flag


def measured_with(expected: Expected, **changes: float) -> Evidence:
    return replace(measured(**changes), expected=expected)


def test_a_stream_with_nothing_against_it_is_ok() -> None:
    assert diagnose(WELL) == Diagnosis(State.OK)


@pytest.mark.parametrize(
    ("step", "kind", "more", "cause"),
    [
        (Step.RESOLVE, Kind.NAME, {}, Cause.UNREACHABLE),
        (Step.CONNECT, Kind.SILENT, {}, Cause.UNREACHABLE),
        (Step.CONNECT, Kind.OS_ERROR, {"errno": errno.EHOSTUNREACH}, Cause.UNREACHABLE),
        (Step.CONNECT, Kind.OS_ERROR, {"errno": errno.ETIMEDOUT}, Cause.UNREACHABLE),
        (Step.CONNECT, Kind.OS_ERROR, {}, Cause.UNREACHABLE),
        (Step.CONNECT, Kind.OS_ERROR, {"errno": errno.ECONNREFUSED}, Cause.REFUSED),
        (Step.OPTIONS, Kind.SILENT, {}, Cause.TIMEOUT),
        (Step.PLAY, Kind.SILENT, {}, Cause.TIMEOUT),
        (Step.OPTIONS, Kind.CLOSED, {}, Cause.REFUSED),
        (Step.PLAY, Kind.CLOSED, {}, Cause.NO_MEDIA),
        (Step.STREAM, Kind.CLOSED, {}, Cause.STALLED),
        (Step.STREAM, Kind.SILENT, {}, Cause.STALLED),
        (Step.STREAM, Kind.NO_MEDIA, {}, Cause.NO_MEDIA),
        (Step.OPTIONS, Kind.WRONG_PROTOCOL, {}, Cause.WRONG_PROTOCOL),
        (Step.TLS, Kind.WRONG_PROTOCOL, {}, Cause.WRONG_PROTOCOL),
        (Step.STREAM, Kind.WRONG_PROTOCOL, {}, Cause.STALLED),
        (Step.DESCRIBE, Kind.NO_VIDEO, {}, Cause.UNSUPPORTED),
        (Step.DESCRIBE, Kind.NO_PASSWORD, {"status": 401}, Cause.AUTH_FAILED),
        (Step.DESCRIBE, Kind.UNKNOWN_SCHEME, {"status": 401}, Cause.AUTH_FAILED),
        (Step.DESCRIBE, Kind.WRONG_PASSWORD, {"status": 401}, Cause.AUTH_FAILED),
        (Step.DESCRIBE, Kind.WRONG_PASSWORD, {"status": 401, "trusted": True}, Cause.AUTH_FAILED),
        (Step.DESCRIBE, Kind.WRONG_PASSWORD, {"reason": "Account Locked"}, Cause.LOCKED_OUT),
        (Step.SETUP, Kind.WRONG_PASSWORD, {"trusted": True, "trusted_now": True}, Cause.SESSIONS_FULL),
        (Step.DESCRIBE, Kind.WRONG_PASSWORD, {"trusted": True, "realm": "Login to 3G0ABC"}, Cause.SESSIONS_FULL),
        (Step.DESCRIBE, Kind.WRONG_PASSWORD, {"realm": "Login to 3G0ABC"}, Cause.AUTH_FAILED),
        (Step.DESCRIBE, Kind.STATUS, {"status": 403}, Cause.AUTH_FAILED),
        (Step.DESCRIBE, Kind.STATUS, {"status": 403, "trusted": True}, Cause.LOCKED_OUT),
        (Step.DESCRIBE, Kind.STATUS, {"status": 423}, Cause.LOCKED_OUT),
        (Step.DESCRIBE, Kind.STATUS, {"status": 400}, Cause.NOT_FOUND),
        (Step.DESCRIBE, Kind.STATUS, {"status": 404}, Cause.NOT_FOUND),
        (Step.DESCRIBE, Kind.STATUS, {"status": 302}, Cause.UNSUPPORTED),
        (Step.DESCRIBE, Kind.STATUS, {"status": 551}, Cause.UNSUPPORTED),
        (Step.SETUP, Kind.STATUS, {"status": 461}, Cause.UNSUPPORTED),
        (Step.SETUP, Kind.STATUS, {"status": 453}, Cause.SESSIONS_FULL),
        (Step.SETUP, Kind.STATUS, {"status": 503}, Cause.SESSIONS_FULL),
        (Step.PLAY, Kind.STATUS, {"status": 454}, Cause.NO_MEDIA),
        (Step.DESCRIBE, Kind.STATUS, {"status": 500}, Cause.NO_MEDIA),
        (Step.DESCRIBE, Kind.STATUS, {"status": 799}, Cause.NO_MEDIA),
    ],
)
def test_a_failure_has_its_cause(step: Step, kind: Kind, more: dict[str, object], cause: Cause) -> None:
    failure = Failure(step, kind, Detail("what was seen"), **more)  # type: ignore[arg-type] # a case has what it needs
    found, detail = cause_of(failure)
    assert found is cause
    assert detail.startswith("what was seen")
    assert diagnose(Evidence(failure=failure)) == Diagnosis(State.DOWN, cause, detail)


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("kind", list(Kind))
def test_every_failure_has_a_cause_that_is_down(step: Step, kind: Kind) -> None:
    cause, _ = cause_of(Failure(step, kind, NO_DETAIL))
    assert STATE_OF[cause] is State.DOWN


BAD = PictureError.UNDECODABLE


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [
        (Evidence(quiet_s=10), Cause.NO_MEDIA),
        (replace(WELL, quiet_s=3.1), Cause.STALLED),
        (replace(measured(fps=0.5), quiet_s=6.1), Cause.STALLED),
        (Evidence(packets=500, frameless_s=10), Cause.NO_MEDIA),
        (Evidence(packets=500, frames=100, keyless_s=10), Cause.NO_MEDIA),
        (replace(WELL, frameless_s=10), Cause.NO_MEDIA),
        (replace(WELL, picture=JudgedPicture(None, error=BAD), bad_pictures=2), Cause.UNDECODABLE),
        (
            replace(WELL, picture=JudgedPicture(None, error=PictureError.CRASHED), bad_pictures=1),
            Cause.UNDECODABLE,
        ),
        (
            replace(WELL, picture=JudgedPicture(None, error=PictureError.ENCRYPTED), bad_pictures=2),
            Cause.ENCRYPTED,
        ),
        (replace(WELL, picture=JudgedPicture(Verdict(Cause.FROZEN, {}, Detail("still")))), Cause.FROZEN),
        (measured(recent_loss_pct=1.0, recent_lost=3), Cause.PACKET_LOSS),
        (replace(measured(recent_fps=17), expected=Expected(fps=25)), Cause.LOW_FPS),
        (replace(measured(recent_fps=9), usual=Expected(fps=25)), Cause.LOW_FPS),
        (replace(measured(recent_fps=9), expected=Expected(fps=25), quiet_s=0.5), Cause.LOW_FPS),
        (
            replace(measured(bitrate_kbps=100), expected=Expected(bitrate_kbps=400)),
            Cause.LOW_BITRATE,
        ),
        (replace(measured(bitrate_kbps=30), usual=Expected(bitrate_kbps=400)), Cause.LOW_BITRATE),
        (measured(jitter_ms=200), Cause.JITTER),
        (measured(keyframe_interval_s=11), Cause.LONG_GOP),
        (replace(WELL, keyless_s=11), Cause.LONG_GOP),
        (replace(WELL, keyless_s=11, usual=Expected(keyframe_interval_s=20)), Cause.LONG_GOP),
        (replace(WELL, keyless_s=4.1, usual=Expected(keyframe_interval_s=2)), Cause.LONG_GOP),
        (replace(WELL, keyless_s=3.1, expected=Expected(keyframe_interval_s=2)), Cause.LONG_GOP),
        (replace(WELL, clock_offset_s=-6), Cause.CLOCK_WRONG),
        (replace(WELL, start_s=8), Cause.SLOW_START),
    ],
)
def test_a_stream_has_its_cause(evidence: Evidence, cause: Cause) -> None:
    found = diagnose(evidence)
    assert found is not None
    assert (found.cause, found.state) == (cause, STATE_OF[cause])


@pytest.mark.parametrize(
    "evidence",
    [
        replace(measured(fps=0.5), quiet_s=5),
        replace(measured(recent_fps=9), expected=Expected(fps=25), quiet_s=1),
        replace(WELL, picture=JudgedPicture(None, error=PictureError.UNAVAILABLE)),
        replace(measured(recent_fps=11), usual=Expected(fps=25)),
        replace(measured(recent_fps=18), expected=Expected(fps=25), usual=Expected(fps=60)),
        measured(recent_loss_pct=0.5, recent_lost=30),
        measured(recent_loss_pct=5, recent_lost=2),
        replace(WELL, keyless_s=3.9, usual=Expected(keyframe_interval_s=1)),
        replace(WELL, keyless_s=5, quiet_s=2.5, expected=Expected(keyframe_interval_s=2)),
        replace(WELL, keyless_s=60, expected=Expected(keyframe_interval_s=50)),
        replace(measured(keyframe_interval_s=4), start_s=6),
    ],
)
def test_what_is_not_bad_enough_is_ok(evidence: Evidence) -> None:
    assert diagnose(evidence) == Diagnosis(State.OK)


def test_one_bad_picture_decides_nothing() -> None:
    assert diagnose(replace(WELL, picture=JudgedPicture(None, error=BAD), bad_pictures=1)) is None


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(),
        Evidence(quiet_s=9),
        Evidence(packets=9, frames=9, keyless_s=9, frameless_s=0.1),
        replace(WELL, picture_pending=True),
    ],
)
def test_what_cannot_be_told_yet_is_not_told(evidence: Evidence) -> None:
    assert diagnose(evidence) is None


def test_down_goes_before_impaired_and_that_before_degraded() -> None:
    everything = replace(
        measured(recent_loss_pct=50, recent_lost=99),
        quiet_s=60,
        picture=JudgedPicture(Verdict(Cause.BLACK)),
        clock_offset_s=99,
    )
    causes = []
    for change in ({"quiet_s": 0}, {"picture": None}, {"measures": WELL.measures}, {"clock_offset_s": 0}):
        found = diagnose(everything)
        assert found is not None
        causes.append(found.cause)
        everything = replace(everything, **change)
    assert causes == [Cause.STALLED, Cause.BLACK, Cause.PACKET_LOSS, Cause.CLOCK_WRONG]


@pytest.mark.parametrize(
    ("good", "bad", "cause"),
    [
        (replace(WELL, quiet_s=2.9), replace(WELL, quiet_s=3), Cause.STALLED),
        (replace(measured(fps=0.5), quiet_s=5.9), replace(measured(fps=0.5), quiet_s=6), Cause.STALLED),
        (
            measured(recent_loss_pct=0.9, recent_lost=3),
            measured(recent_loss_pct=1, recent_lost=3),
            Cause.PACKET_LOSS,
        ),
        (
            replace(measured(recent_fps=17.5), expected=Expected(fps=25)),
            replace(measured(recent_fps=17.4), expected=Expected(fps=25)),
            Cause.LOW_FPS,
        ),
        (
            replace(measured(recent_fps=10), usual=Expected(fps=25)),
            replace(measured(recent_fps=9.9), usual=Expected(fps=25)),
            Cause.LOW_FPS,
        ),
        (
            replace(measured(bitrate_kbps=120), expected=Expected(bitrate_kbps=400)),
            replace(measured(bitrate_kbps=119), expected=Expected(bitrate_kbps=400)),
            Cause.LOW_BITRATE,
        ),
        (
            replace(measured(bitrate_kbps=40), usual=Expected(bitrate_kbps=400)),
            replace(measured(bitrate_kbps=39), usual=Expected(bitrate_kbps=400)),
            Cause.LOW_BITRATE,
        ),
        (measured(jitter_ms=149), measured(jitter_ms=150), Cause.JITTER),
        (measured(keyframe_interval_s=10), measured(keyframe_interval_s=10.1), Cause.LONG_GOP),
        (
            measured_with(Expected(keyframe_interval_s=4), keyframe_interval_s=6),
            measured_with(Expected(keyframe_interval_s=4), keyframe_interval_s=6.1),
            Cause.LONG_GOP,
        ),
        (
            replace(measured(keyframe_interval_s=6), usual=Expected(keyframe_interval_s=3)),
            replace(measured(keyframe_interval_s=6.1), usual=Expected(keyframe_interval_s=3)),
            Cause.LONG_GOP,
        ),
        (replace(WELL, clock_offset_s=5), replace(WELL, clock_offset_s=5.1), Cause.CLOCK_WRONG),
        (replace(WELL, start_s=7), replace(WELL, start_s=7.1), Cause.SLOW_START),
    ],
)
def test_each_threshold_lies_where_it_is_documented(good: Evidence, bad: Evidence, cause: Cause) -> None:
    assert diagnose(good) == Diagnosis(State.OK)
    found = diagnose(bad)
    assert found is not None
    assert found.cause is cause
