"""Evidence to state and cause: one pure table of rules. Down precedes impaired, and impaired precedes degraded."""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field

from pantau_agent.assessment.rates import Measures
from pantau_agent.picture.decoder import JudgedPicture
from pantau_agent.picture.exchange import PictureError
from pantau_agent.streams.failure import Failure, Kind, Step
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail, together

STALL_S = 3.0
"""Seconds without a packet that make a stall.

A stall is reported within 5 s: the stream is assessed each second, and packets are read up to one second late.
"""
STALL_FRAMES = 3
"""Frame intervals without a packet that make a stall, for streams so slow that this is longer than `STALL_S`."""
UNDECODABLE_PICTURES = 2
"""Complete keyframes in a row that must fail to decode before the stream is undecodable."""

LOSS_PCT = 1.0
"""RTP loss, in per cent, from which on H.264 shows it. Over TCP it is the camera that dropped the packets."""
MIN_LOST = 3
"""Packets that must be lost within `rates.RECENT_S`: one or two are an accident."""
OVERDUE = 3
"""Missing frames from which on a pause is no low frame rate any more, but a stream that fails to come."""
PAUSE_S = 1.0
"""Seconds up to which a gap between two frames is always part of a low frame rate."""
LOW_FPS = 0.7
"""Share of the configured frame rate under which it is low. A frame rate does not follow the scene."""
LOW_BITRATE = 0.3
"""Share of the configured bit rate under which it is low. A bit rate follows the scene."""
LOW_BASELINE_FPS = 0.4
"""Share of the baseline's frame rate under which it is low: a camera that halves it at night is fine."""
LOW_BASELINE_BITRATE = 0.1
"""Share of the baseline's bit rate under which it is low."""
JITTER_MS = 150.0
"""Interarrival jitter (RFC 3550, 6.4.1), in milliseconds, from which on the stream is degraded."""
LONG_GOP_S = 10.0
"""Seconds between keyframes beyond which they come too rarely: a viewer who joins waits as long for a picture."""
LONG_GOP = 1.5
"""Multiple of the configured keyframe interval beyond which keyframes are missing."""
LONG_BASELINE_GOP = 2.0
"""Multiple of the baseline's keyframe interval beyond which keyframes are missing; `LONG_GOP_S` at most."""
MIN_GOP_S = 4.0
"""Seconds between keyframes that are tolerated without a configured interval: cameras may vary it freely."""
CLOCK_S = 5.0
"""Seconds by which a camera's clock may be wrong: beyond, ONVIF's signed requests fail (WS-UsernameToken)."""
SLOW_START_S = 5.0
"""Seconds from connecting to the first picture, less one keyframe interval, beyond which a start is slow."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a stream should reach. None is not known."""

    fps: float | None = None
    bitrate_kbps: float | None = None
    keyframe_interval_s: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything known of a camera at one moment. Durations are seconds up to now.

    `failure` is how the last attempt ended, if nothing streams; then nothing else counts. `quiet_s` is the time
    since the last packet, or since PLAY if none came; `frameless_s` and `keyless_s` are the same for frames and
    keyframes. A first packet may take `wait_s`, and a first keyframe `keyframe_wait_s`. `expected` is configured,
    `usual` is the baseline. `start_s` is how long the first keyframe took, or None if that is long ago.
    `picture_pending` is set until the session's first picture is judged. `distracted` is set if the agent was held
    up lately: then the measures say nothing of the camera.
    """

    failure: Failure | None = None
    packets: int = 0
    frames: int = 0
    keyframes: int = 0
    quiet_s: float = 0.0
    frameless_s: float = 0.0
    keyless_s: float = 0.0
    wait_s: float = 10.0
    keyframe_wait_s: float = 10.0
    remark: Detail = NO_DETAIL
    measures: Measures = field(default_factory=Measures)
    expected: Expected = field(default_factory=Expected)
    usual: Expected = field(default_factory=Expected)
    clock_offset_s: float | None = None
    start_s: float | None = None
    picture: JudgedPicture | None = None
    bad_pictures: int = 0
    picture_pending: bool = False
    distracted: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A state and its cause. `detail` is the evidence for it, as text."""

    state: State
    cause: Cause | None = None
    detail: Detail = NO_DETAIL


def diagnose(evidence: Evidence) -> Diagnosis | None:
    """Return the diagnosis, or None while too little is known."""
    if evidence.failure is not None:
        cause, text = cause_of(evidence.failure)
        return Diagnosis(STATE_OF[cause], cause, text)
    for rule in DOWN:
        if (found := rule(evidence)) is not None:
            return Diagnosis(STATE_OF[found[0]], *found)
    if evidence.keyframes == 0 or evidence.picture_pending:
        return None
    for rule in IMPAIRED + DEGRADED:
        if (found := rule(evidence)) is not None:
            if evidence.distracted and rule in DEGRADED:
                return None
            return Diagnosis(STATE_OF[found[0]], *found)
    # A bad picture that is not confirmed yet proves no fault, but a stream that shows nothing is not ok either.
    return None if evidence.bad_pictures else Diagnosis(State.OK)


def stall_after(fps: float | None) -> float:
    """Return the seconds without a packet after which a stream with this frame rate has stalled."""
    return max(STALL_S, STALL_FRAMES / fps) if fps else STALL_S


# Failures: sessions that did not reach streaming, or were cut off.

_ERRNOS = {
    errno.ECONNREFUSED: Cause.REFUSED,
    errno.ECONNRESET: Cause.REFUSED,
    errno.EPIPE: Cause.REFUSED,
    errno.ECONNABORTED: Cause.REFUSED,
}
"""Errors of connecting and their causes. Any other error means that the address is unreachable."""

_STATUSES = {
    400: Cause.NOT_FOUND,
    404: Cause.NOT_FOUND,
    410: Cause.NOT_FOUND,
    451: Cause.NOT_FOUND,
    408: Cause.TIMEOUT,
    423: Cause.LOCKED_OUT,
    405: Cause.UNSUPPORTED,
    406: Cause.UNSUPPORTED,
    415: Cause.UNSUPPORTED,
    461: Cause.UNSUPPORTED,
    501: Cause.UNSUPPORTED,
    505: Cause.UNSUPPORTED,
    551: Cause.UNSUPPORTED,
    453: Cause.SESSIONS_FULL,
    503: Cause.SESSIONS_FULL,
}
"""Status codes of RTSP and HTTP (RFC 2326, 7.1.1).

A redirect that leads nowhere is unsupported, the rest no_media.
"""

_BY_STEP: dict[Kind, dict[Step, Cause]] = {
    Kind.SILENT: {
        Step.RESOLVE: Cause.UNREACHABLE,
        Step.CONNECT: Cause.UNREACHABLE,
        Step.STREAM: Cause.STALLED,
    },
    Kind.CLOSED: {
        Step.SETUP: Cause.NO_MEDIA,
        Step.PLAY: Cause.NO_MEDIA,
        Step.STREAM: Cause.STALLED,
    },
    Kind.WRONG_PROTOCOL: {Step.STREAM: Cause.STALLED},
}
_BY_KIND = {
    Kind.NAME: Cause.UNREACHABLE,
    Kind.SILENT: Cause.TIMEOUT,
    Kind.NO_MEDIA: Cause.NO_MEDIA,
    Kind.CLOSED: Cause.REFUSED,
    Kind.WRONG_PROTOCOL: Cause.WRONG_PROTOCOL,
    Kind.NO_VIDEO: Cause.UNSUPPORTED,
    Kind.CRASHED: Cause.UNDECODABLE,
    Kind.FLOODING: Cause.FLOODING,
    Kind.NO_PASSWORD: Cause.AUTH_FAILED,
    Kind.UNKNOWN_SCHEME: Cause.AUTH_FAILED,
    Kind.IN_CLEAR: Cause.AUTH_FAILED,
    Kind.UNPROVEN: Cause.AUTH_FAILED,
    Kind.WEAKER_LOGIN: Cause.AUTH_FAILED,
    Kind.CERTIFICATE: Cause.AUTH_FAILED,
}
_REALM_OF_401_WHEN_FULL = "Login to "
"""Prefix of the realm of cameras (Dahua and its brands) that answer 401 when all their sessions are taken."""


def cause_of(failure: Failure) -> tuple[Cause, Detail]:
    """Return the cause of a failure, and its detail."""
    match failure.kind:
        case Kind.OS_ERROR:
            cause = _ERRNOS.get(failure.errno or 0, Cause.UNREACHABLE)
        case Kind.STATUS:
            cause = _cause_of_status(failure)
        case Kind.WRONG_PASSWORD:
            return _cause_of_refusal(failure)
        case kind:
            cause = _BY_STEP.get(kind, {}).get(failure.step) or _BY_KIND[kind]
    return cause, failure.detail


def _cause_of_status(failure: Failure) -> Cause:
    status = failure.status or 0
    if status in {401, 403}:
        # A camera that forbids what it allowed before has locked us out.
        return Cause.LOCKED_OUT if failure.trusted or _says_locked(failure) else Cause.AUTH_FAILED
    if 300 <= status < 400:
        return Cause.UNSUPPORTED
    return _STATUSES.get(status, Cause.NO_MEDIA)


def _cause_of_refusal(failure: Failure) -> tuple[Cause, Detail]:
    if _says_locked(failure):
        return Cause.LOCKED_OUT, failure.detail
    if failure.trusted_now:
        return Cause.SESSIONS_FULL, detail("taken_now", what=failure.detail)
    if failure.trusted and failure.realm.startswith(_REALM_OF_401_WHEN_FULL):
        return Cause.SESSIONS_FULL, detail("taken_before", what=failure.detail)
    if failure.trusted:
        return Cause.AUTH_FAILED, detail("password_changed", what=failure.detail)
    return Cause.AUTH_FAILED, failure.detail


def _says_locked(failure: Failure) -> bool:
    return "lock" in failure.reason.lower()


# Rules for a stream that plays, in their order. Each returns its cause and the evidence, or None.

Found = tuple[Cause, Detail] | None
Rule = Callable[[Evidence], Found]


def _no_packet(it: Evidence) -> Found:
    if it.packets == 0 and it.quiet_s >= it.wait_s:
        return Cause.NO_MEDIA, it.remark or detail("play_without_packet", seconds=f"{it.quiet_s:.0f}")
    return None


def _stalled(it: Evidence) -> Found:
    if it.packets and it.quiet_s >= stall_after(it.measures.fps):
        return Cause.STALLED, together(detail("no_packet", seconds=f"{it.quiet_s:.1f}"), it.remark)
    return None


def _no_frame(it: Evidence) -> Found:
    if it.packets and it.frameless_s >= max(it.wait_s, stall_after(it.measures.fps)):
        return Cause.NO_MEDIA, it.remark or detail("no_frame", seconds=f"{it.frameless_s:.0f}")
    return None


def _no_keyframe(it: Evidence) -> Found:
    if it.packets and it.keyframes == 0 and it.keyless_s >= it.keyframe_wait_s:
        return Cause.NO_MEDIA, it.remark or detail("no_keyframe", seconds=f"{it.keyless_s:.0f}")
    return None


def _undecodable(it: Evidence) -> Found:
    if it.picture is None or it.picture.error in {None, PictureError.UNAVAILABLE}:
        return None
    if it.picture.error is PictureError.CRASHED:
        return Cause.UNDECODABLE, it.picture.detail
    if it.bad_pictures < UNDECODABLE_PICTURES:
        return None
    encrypted = it.picture.error is PictureError.ENCRYPTED
    return (Cause.ENCRYPTED if encrypted else Cause.UNDECODABLE), together(it.picture.detail, it.remark)


def _picture(it: Evidence) -> Found:
    verdict = it.picture.verdict if it.picture is not None else None
    if verdict is None or verdict.cause is None:
        return None
    return verdict.cause, verdict.reason


def _loss(it: Evidence) -> Found:
    loss = it.measures.recent_loss_pct
    if loss is not None and loss >= LOSS_PCT and it.measures.recent_lost >= MIN_LOST:
        return Cause.PACKET_LOSS, detail("loss", percent=f"{loss:.1f}")
    return None


def _low_fps(it: Evidence) -> Found:
    fps, limit = it.measures.recent_fps, _limit(it.expected.fps, it.usual.fps, LOW_FPS, LOW_BASELINE_FPS)
    if fps is None or limit is None or fps >= limit:
        return None
    if it.quiet_s >= PAUSE_S and it.quiet_s * fps >= OVERDUE:
        return None
    return Cause.LOW_FPS, detail("low_fps", fps=f"{fps:.1f}", wanted=_wanted(it.expected.fps, it.usual.fps))


def _low_bitrate(it: Evidence) -> Found:
    rate, expected, usual = it.measures.bitrate_kbps, it.expected.bitrate_kbps, it.usual.bitrate_kbps
    limit = _limit(expected, usual, LOW_BITRATE, LOW_BASELINE_BITRATE)
    if rate is None or limit is None or rate >= limit:
        return None
    return Cause.LOW_BITRATE, detail("low_bitrate", kbps=f"{rate:.0f}", wanted=_wanted(expected, usual))


def _limit(expected: float | None, usual: float | None, share: float, share_of_usual: float) -> float | None:
    """Return the limit, as a share of the configuration or else of the baseline; None if there is neither."""
    if expected is not None:
        return expected * share
    return None if usual is None else usual * share_of_usual


def _wanted(expected: float | None, usual: float | None) -> Detail:
    """Return the origin of a limit as text."""
    if expected is not None:
        return detail("expected", value=f"{expected:.0f}")
    return detail("usual", value=f"{usual:.0f}")


def _jitter(it: Evidence) -> Found:
    jitter = it.measures.jitter_ms
    if jitter is not None and jitter >= JITTER_MS:
        return Cause.JITTER, detail("jitter", ms=f"{jitter:.0f}")
    return None


def _long_gop(it: Evidence) -> Found:
    # Time without any packet does not count here: that is a stall.
    interval = max(it.measures.keyframe_interval_s or 0.0, it.keyless_s - it.quiet_s)
    expected, usual = it.expected.keyframe_interval_s, it.usual.keyframe_interval_s
    known = _limit(expected, usual, LONG_GOP, LONG_BASELINE_GOP)
    limit = LONG_GOP_S if known is None else known
    if expected is None:
        limit = min(LONG_GOP_S, max(MIN_GOP_S, limit))
    if interval <= limit:
        return None
    seconds = f"{interval:.0f}"
    if known is None:
        return Cause.LONG_GOP, detail("gop", seconds=seconds)
    return Cause.LONG_GOP, detail("long_gop", seconds=seconds, wanted=_wanted(expected, usual))


def _clock_wrong(it: Evidence) -> Found:
    if it.clock_offset_s is not None and abs(it.clock_offset_s) > CLOCK_S:
        key = "clock_ahead" if it.clock_offset_s > 0 else "clock_behind"
        return Cause.CLOCK_WRONG, detail(key, seconds=f"{abs(it.clock_offset_s):.0f}")
    return None


def _slow_start(it: Evidence) -> Found:
    if it.start_s is not None and it.start_s - (it.measures.keyframe_interval_s or 0.0) > SLOW_START_S:
        return Cause.SLOW_START, detail("slow_start", seconds=f"{it.start_s:.1f}")
    return None


DOWN: tuple[Rule, ...] = (_no_packet, _stalled, _no_frame, _no_keyframe, _undecodable)
IMPAIRED: tuple[Rule, ...] = (_picture,)
DEGRADED: tuple[Rule, ...] = (_loss, _low_fps, _low_bitrate, _jitter, _long_gop, _clock_wrong, _slow_start)
