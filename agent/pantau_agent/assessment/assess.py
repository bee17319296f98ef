"""One camera's appraisal, look by look: what its source counted and its pictures showed, made into a sample."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.diagnosis import Diagnosis, Evidence, Expected, diagnose, stall_after
from pantau_agent.assessment.hysteresis import Hysteresis
from pantau_agent.assessment.observation import Observation
from pantau_agent.assessment.picture_sampler import PictureSampler
from pantau_agent.assessment.rates import Measures, Window
from pantau_agent.clock import Clock
from pantau_agent.sources.source import Source
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure, Kind, Step
from pantau_contract.messages import Sample
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.words.evidence import detail

CONFIRM_S = 3.0
"""A connection that is lost and back with a picture within this is no outage."""
PICTURE_GRACE_S = 5.0
"""From a session's first keyframe to its first verdict nothing is said; after it the stream alone counts."""
KEYFRAME_PATIENCE = 2
"""Of the longest keyframe interval that was ever seen, or is expected, for a first one to come."""
START_TOLD_S = 60.0
"""How long a slow start is held against a stream."""
MAX_DETAIL = 400


@dataclass(frozen=True, slots=True)
class Limits:
    """What one camera is allowed, and what is expected of it.

    `wait_s` is for a first packet, and for a keyframe where its interval is no longer. Without patience
    everything is said at once, as of a camera that is visited and left.
    """

    wait_s: float = 10.0
    patient: bool = True
    expected: Expected = field(default_factory=Expected)


class Assessment:
    """One camera's, over all its sessions. `measures` are the latest of the session under way.

    `clock_trusted` tells whether this machine's clock is right, for else no camera's can be called wrong.
    """

    def __init__(
        self,
        camera: str,
        clock: Clock,
        glances: PictureSampler,
        page: CameraMemory,
        limits: Limits,
        clock_trusted: Callable[[], bool] = lambda: True,
    ) -> None:
        self.standing = Hysteresis(clock.time_ms(), patient=limits.patient)
        self.measures = Measures()
        self.diagnosis: Diagnosis | None = None
        self._camera = camera
        self._clock = clock
        self._glances = glances
        self._page = page
        self._limits = limits
        self._clock_trusted = clock_trusted
        self._now = clock.monotonic()
        self._now_ms = clock.time_ms()
        self._source: Source | None = None
        self._opened = 0.0
        self._window = Window()
        self._counts = Counts()
        self._last_packet = 0.0
        self._longest_interval = 0.0
        self._offset: float | None = None

    @property
    def keyframe_wait_s(self) -> float:
        """How long a first keyframe may take: cameras that save bits send one a minute, none on being asked."""
        longest_s = max(
            self._longest_interval,
            self._page.learnt.keyframe_interval_s,
            self._limits.expected.keyframe_interval_s or 0.0,
        )
        return max(self._limits.wait_s, KEYFRAME_PATIENCE * longest_s)

    def observe(
        self, source: Source | None, opened: float, failure: Failure | None, last_packet: float = 0.0
    ) -> Observation:
        """What is to be said now, while `source` streams since `opened`, or after `failure` while none does.

        `last_packet` is when the last one of earlier sources came: a source may end after it was looked at last.
        """
        self._last_packet = max(self._last_packet, last_packet)
        self.gather(source, opened, failure)
        return self.conclude()

    def gather(self, source: Source | None, opened: float, failure: Failure | None) -> Diagnosis | None:
        """Takes the evidence of this moment, and says nothing yet."""
        self._enter(source, opened)
        self._now, self._now_ms = self._clock.monotonic(), self._clock.time_ms()
        if source is not None:
            evidence = self._evidence(source, self._now, self._now_ms)
        else:
            evidence = Evidence(failure=failure, measures=self.measures)
        self.diagnosis = diagnose(evidence)
        if self.diagnosis is not None and self.diagnosis.state is State.OK:
            self._page.learnt = self._page.learnt.after(self.measures)
        return self.diagnosis

    def conclude(self) -> Observation:
        """What is to be said of the evidence taken last."""
        diagnosis = self._confirmed(self.diagnosis) if self._limits.patient else self.diagnosis
        since_ms = None
        if diagnosis is not None and diagnosis.state is State.DOWN and self._last_packet:
            since_ms = self._now_ms - int((self._now - self._last_packet) * 1000)
        changed = self.standing.update(diagnosis, self._now, self._now_ms, since_ms=since_ms)
        look = self._glances.fresh()
        return Observation(self._sample(), changed, look.jpeg if look is not None else None)

    def hopeless(self) -> Failure | None:
        """Why the session under way is of no use any more, if it is not."""
        if self._source is None or self.diagnosis is None or self.diagnosis.state is not State.DOWN:
            return None
        kind = {Cause.STALLED: Kind.SILENT, Cause.NO_MEDIA: Kind.NO_MEDIA}.get(
            self.diagnosis.cause or Cause.STARTING
        )
        return None if kind is None else Failure(Step.STREAM, kind, self.diagnosis.detail)

    def _enter(self, source: Source | None, opened: float) -> None:
        if source is self._source:
            return
        self._source, self._opened = source, opened
        self._window, self._counts, self._offset = Window(), Counts(), None
        self.measures = Measures()

    def _evidence(self, source: Source, now: float, now_ms: int) -> Evidence:
        counts = self._counts = source.counts()
        self.measures = measures = self._window.update(counts, now)
        self._last_packet = max(self._last_packet, counts.last_packet)
        self._longest_interval = max(self._longest_interval, counts.keyframe_interval)
        self._glances.attend(source, now, measures)
        seen_any = counts.keyframes > 0
        pending = seen_any and self._glances.in_session == 0 and now - counts.first_keyframe < PICTURE_GRACE_S
        young = now - self._opened < START_TOLD_S
        return Evidence(
            packets=counts.packets,
            frames=counts.frames,
            keyframes=counts.keyframes,
            quiet_s=now - (counts.last_packet or self._opened),
            frameless_s=now - (counts.last_frame or self._opened),
            keyless_s=now - (counts.last_keyframe or self._opened),
            wait_s=self._limits.wait_s,
            keyframe_wait_s=self.keyframe_wait_s,
            remark=source.remark(),
            measures=measures,
            expected=self._limits.expected,
            usual=self._page.learnt.usual(),
            clock_offset_s=self._clock_offset(source, now, now_ms),
            start_s=counts.first_keyframe - source.started if seen_any and young else None,
            picture=self._glances.latest,
            bad_pictures=self._glances.bad,
            picture_pending=pending,
        )

    def _clock_offset(self, source: Source, now: float, now_ms: int) -> float | None:
        """The camera's clock less ours, in seconds, at its last word."""
        said = source.clock()
        if said is None or not self._clock_trusted():
            self._offset = None
        else:
            unix, heard = said
            self._offset = unix - (now_ms / 1000 - (now - heard))
        return self._offset

    def _confirmed(self, found: Diagnosis | None) -> Diagnosis | None:
        """A lost connection is given a moment to come back; a moment gone by without packets is a stall."""
        if not self.standing.shows or not self._last_packet:
            return found
        quiet = self._now - self._last_packet
        if self._source is None and found is not None and quiet < CONFIRM_S:
            return None
        if found is None and quiet >= stall_after(self.measures.fps):
            return Diagnosis(STATE_OF[Cause.STALLED], Cause.STALLED, detail("no_packet", seconds=f"{quiet:.1f}"))
        return found

    def _sample(self) -> Sample:
        source, standing = self._source, self.standing
        said = {
            "camera": self._camera,
            "time": self._now_ms,
            "state": standing.state,
            "since": standing.since_ms,
            "cause": standing.cause,
            "detail": standing.detail[:MAX_DETAIL],
        }
        if source is None:
            return Sample(**said)  # type: ignore[arg-type] # a dictionary has one type for all its values
        counts, measures, look = self._counts, self.measures, self._glances.latest
        return Sample(
            **said,  # type: ignore[arg-type] # as above
            codec=source.codec,
            width=look.width if look is not None else None,
            height=look.height if look is not None else None,
            fps=_rounded(measures.fps, 2),
            bitrate_kbps=_rounded(measures.bitrate_kbps, 1),
            keyframe_interval_s=_rounded(measures.keyframe_interval_s, 2),
            rtp_loss_pct=_rounded(measures.rtp_loss_pct, 2),
            jitter_ms=_rounded(measures.jitter_ms, 1),
            connect_ms=_since(source.started, source.connected),
            first_packet_ms=_since(source.started, counts.first_packet),
            first_keyframe_ms=_since(source.started, counts.first_keyframe),
            clock_offset_s=_rounded(self._offset, 2),
            transport=source.transport,
            evidence=look.verdict.evidence if look is not None and look.verdict is not None else None,
        )


def _since(started: float, then: float) -> float | None:
    """In milliseconds; None where it has not come to that."""
    return _rounded((then - started) * 1000, 1) if then else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
