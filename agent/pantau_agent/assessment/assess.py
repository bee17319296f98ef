"""The assessment of one camera: counts, failures and pictures in, a diagnosis and a sample out.

It has no effects. Silence is measured in attention: time in which the agent was held up does not count, because
what came then has not been read.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from pantau_agent.assessment.baseline import Baseline
from pantau_agent.assessment.diagnosis import Diagnosis, Evidence, Expected, diagnose, stall_after
from pantau_agent.assessment.hysteresis import Hysteresis
from pantau_agent.assessment.observation import Observation
from pantau_agent.assessment.picture_sampler import PictureEvidence
from pantau_agent.assessment.rates import WINDOW_S, Measures, Window
from pantau_agent.picture.decoder import JudgedPicture
from pantau_agent.sources.source import Source
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure, Kind, Step
from pantau_contract.messages import Sample
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.words.evidence import detail

CONFIRM_S = 3.0
"""Seconds without a packet for which a lost connection is no outage, because it may come back."""
PICTURE_GRACE_S = 5.0
"""Seconds from a session's first keyframe for which its first picture is awaited; then the stream alone counts."""
KEYFRAME_PATIENCE = 2
"""Multiple of the longest keyframe interval seen or expected for which a first keyframe is awaited."""
SLOW_START_REPORTED_S = 60.0
"""Seconds after the session's start during which a slow start is still reported."""
UNSEEN_KEYFRAMES = 3
"""Keyframes of a session that must have come before its pictures can be called unseen."""
DISTRACTED_S = 0.5
"""Seconds of the measures' window in which the agent was held up, from which on they say nothing of the camera."""
AFTER_FLOOD_S = 10.0
"""Seconds that a session must last after one that flooded us, before it counts as any better."""
MAX_DETAIL = 400
"""Characters of a sample's detail."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much time one camera is given, and what is expected of it.

    `wait_s` is for the first packet, and for the first keyframe unless keyframes are known to be rarer. Without
    `patient` every diagnosis takes effect at once, as in a one-shot probe.
    """

    wait_s: float = 10.0
    patient: bool = True
    expected: Expected = field(default_factory=Expected)


@dataclass(frozen=True, slots=True)
class StreamEvidence:
    """An open source, streaming since `opened` (monotonic seconds).

    `clock_offset_s` is the camera's clock less ours, or None if either is unknown.
    """

    source: Source
    opened: float
    clock_offset_s: float | None = None


class Assessment:
    """The assessment of one camera over all its sessions. Times are monotonic seconds.

    `measures` are the latest of the session in progress, `diagnosis` is the latest, before the hysteresis.
    `lost_since` returns for how many seconds since a time the agent was held up.
    """

    def __init__(
        self, camera: str, limits: Limits, now: float, lost_since: Callable[[float], float] = lambda _since: 0.0
    ) -> None:
        self.hysteresis = Hysteresis(now, patient=limits.patient)
        self.measures = Measures()
        self.diagnosis: Diagnosis | None = None
        self._camera = camera
        self._limits = limits
        self._lost_since = lost_since
        self._now = now
        self._stream: StreamEvidence | None = None
        self._pictures = PictureEvidence()
        self._window = Window()
        self._counts = Counts()
        self._last_packet = 0.0
        self._longest_interval = 0.0

    def keyframe_wait_s(self, baseline: Baseline) -> float:
        """Return the seconds a first keyframe may take: cameras that save bits send one a minute."""
        longest_s = max(
            self._longest_interval,
            baseline.keyframe_interval_s,
            self._limits.expected.keyframe_interval_s or 0.0,
        )
        return max(self._limits.wait_s, KEYFRAME_PATIENCE * longest_s)

    def assess_stream(
        self, stream: StreamEvidence, pictures: PictureEvidence, baseline: Baseline, now: float
    ) -> Diagnosis | None:
        """Diagnose a source that is open; None while too little is known."""
        if self._stream is None or stream.source is not self._stream.source:
            self._window = Window()
        self._stream, self._pictures, self._now = stream, pictures, now
        self._counts = counts = stream.source.counts()
        self.measures = self._window.update(counts, now)
        self._last_packet = max(self._last_packet, counts.last_packet)
        self._longest_interval = max(self._longest_interval, counts.keyframe_interval)
        self.diagnosis = diagnose(self._evidence(stream, counts, baseline))
        if self.hysteresis.cause is Cause.FLOODING and now - stream.opened < AFTER_FLOOD_S:
            self.diagnosis = None
        return self.diagnosis

    def assess_failure(self, failure: Failure | None, now: float, last_packet: float = 0.0) -> Diagnosis | None:
        """Diagnose the failure of the last session or attempt; None while there was none.

        `last_packet` is when the last packet of the sessions so far came: a source may end after it was last
        assessed.
        """
        if self._stream is not None:
            self._stream, self.measures = None, Measures()
        self._now = now
        self._last_packet = max(self._last_packet, last_packet)
        self.diagnosis = diagnose(Evidence(failure=failure))
        return self.diagnosis

    def conclude(self, new_picture: JudgedPicture | None = None) -> Observation:
        """Apply the latest diagnosis to the hysteresis; return the observation, with `new_picture` as snapshot."""
        diagnosis = self._confirmed(self.diagnosis) if self._limits.patient else self.diagnosis
        since = None
        if diagnosis is not None and diagnosis.state is State.DOWN and self._last_packet:
            since = self._last_packet
        changed = self.hysteresis.update(diagnosis, self._now, since=since)
        return Observation(self._sample(), changed, new_picture.jpeg if new_picture is not None else None)

    def session_failure(self) -> Failure | None:
        """Return why the session in progress is useless and should be closed, or None if it is not."""
        if self._stream is None or self.diagnosis is None or self.diagnosis.state is not State.DOWN:
            return None
        kind = {Cause.STALLED: Kind.SILENT, Cause.NO_MEDIA: Kind.NO_MEDIA}.get(
            self.diagnosis.cause or Cause.STARTING
        )
        return None if kind is None else Failure(Step.STREAM, kind, self.diagnosis.detail)

    def _evidence(self, stream: StreamEvidence, counts: Counts, baseline: Baseline) -> Evidence:
        now, opened, silence_s = self._now, stream.opened, self._silence_s
        has_keyframe = counts.keyframes > 0
        waits_for_picture = has_keyframe and self._pictures.in_session == 0
        started_lately = now - opened < SLOW_START_REPORTED_S
        return Evidence(
            packets=counts.packets,
            frames=counts.frames,
            keyframes=counts.keyframes,
            quiet_s=silence_s(counts.last_packet or opened),
            frameless_s=silence_s(counts.last_frame or opened),
            keyless_s=silence_s(counts.last_keyframe or opened),
            wait_s=self._limits.wait_s,
            keyframe_wait_s=self.keyframe_wait_s(baseline),
            remark=stream.source.remark(),
            measures=self.measures,
            expected=self._limits.expected,
            usual=baseline.expected(),
            clock_offset_s=stream.clock_offset_s,
            start_s=self._start_s(stream.source, counts) if has_keyframe and started_lately else None,
            picture=self._pictures.latest,
            bad_pictures=self._pictures.consecutive_bad,
            picture_pending=waits_for_picture and now - counts.first_keyframe < PICTURE_GRACE_S,
            distracted=self._lost_since(now - WINDOW_S) >= DISTRACTED_S,
        )

    def _silence_s(self, since: float) -> float:
        """Return the seconds since then in which the agent has listened."""
        return max(0.0, self._now - since - self._lost_since(since))

    def _start_s(self, source: Source, counts: Counts) -> float:
        """Return the seconds from connecting to the first keyframe in which the agent has listened."""
        begun, ended = source.started, counts.first_keyframe
        return ended - begun - (self._lost_since(begun) - self._lost_since(ended))

    def _confirmed(self, diagnosis: Diagnosis | None) -> Diagnosis | None:
        """Suppress a lost connection for `CONFIRM_S`; report a stall once no packet has come for long enough."""
        if not self.hysteresis.shows_picture or not self._last_packet:
            return diagnosis
        quiet_s = self._silence_s(self._last_packet)
        if self._stream is None and diagnosis is not None and quiet_s < CONFIRM_S:
            return None
        if diagnosis is None and quiet_s >= stall_after(self.measures.fps):
            return Diagnosis(STATE_OF[Cause.STALLED], Cause.STALLED, detail("no_packet", seconds=f"{quiet_s:.1f}"))
        return diagnosis

    def _unseen(self) -> str | None:
        """Return why no picture is judged; None if one is, or if keyframes are too rare to know it yet."""
        unseen = self._pictures.unseen
        return unseen[:MAX_DETAIL] if unseen is not None and self._counts.keyframes >= UNSEEN_KEYFRAMES else None

    def _sample(self) -> Sample:
        """Return the sample; its times are milliseconds of the monotonic clock."""
        sample = Sample(
            camera=self._camera,
            time=int(self._now * 1000),
            state=self.hysteresis.state,
            since=int(self.hysteresis.since * 1000),
            cause=self.hysteresis.cause,
            detail=self.hysteresis.detail[:MAX_DETAIL],
        )
        if self._stream is None:
            return sample
        source, counts, measures, look = self._stream.source, self._counts, self.measures, self._pictures.latest
        return msgspec.structs.replace(
            sample,
            codec=source.codec,
            width=look.width if look is not None else None,
            height=look.height if look is not None else None,
            fps=_rounded(measures.fps, 2),
            bitrate_kbps=_rounded(measures.bitrate_kbps, 1),
            keyframe_interval_s=_rounded(measures.keyframe_interval_s, 2),
            rtp_loss_pct=_rounded(measures.rtp_loss_pct, 2),
            jitter_ms=_rounded(measures.jitter_ms, 1),
            connect_ms=_elapsed_ms(source.started, source.connected),
            first_packet_ms=_elapsed_ms(source.started, counts.first_packet),
            first_keyframe_ms=_elapsed_ms(source.started, counts.first_keyframe),
            clock_offset_s=_rounded(self._stream.clock_offset_s, 2),
            transport=source.transport,
            evidence=look.verdict.evidence if look is not None and look.verdict is not None else None,
            picture_unseen=self._unseen(),
        )


def _elapsed_ms(start: float, end: float) -> float | None:
    """Return the milliseconds from `start` to `end`, or None if the end was not reached (0)."""
    return _rounded((end - start) * 1000, 1) if end else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
