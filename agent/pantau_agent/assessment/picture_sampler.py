"""The picture sampler: when a camera's picture is decoded and judged, one at a time, sooner if it looks wrong."""

import asyncio
from dataclasses import dataclass, replace

from pantau_agent.assessment.rates import Measures
from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.picture.decoder import Decoder, JudgedPicture
from pantau_agent.picture.exchange import PictureError
from pantau_agent.sources.source import Source
from pantau_agent.streams.keyframe import Keyframe
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

SOON_S = 1.0
"""Seconds to the next sample while pictures or their sizes look wrong, or a fault is about to end."""
SLOWING = 1.3
"""Factor by which the gap grows with each such sample, up to the usual interval."""
SOON_AGAIN_S = 30.0
"""Least seconds between two restarts of the gaps at `SOON_S`: sizes may turn suspicious and back all the time."""
LIKELY = 0.5
"""Evidence of a picture fault, from 0 to 1, from which on the fault is likely."""
AFTER_CRASH = 10
"""Intervals until a stream whose picture killed the decoder is decoded again."""
WHILE_IMPAIRED = 1 / 3
"""Intervals between samples while the picture has a fault, so that its end is noticed soon."""

UNSEEN_S = 5.0
"""Seconds of a session without a judged picture after which its pictures count as unseen."""
UNSEEN_GAPS = 3
"""Gaps between samples without a judged picture after which they count as unseen, later in a session."""

_BAD = {PictureError.UNDECODABLE, PictureError.ENCRYPTED, PictureError.CRASHED}


@dataclass(frozen=True, slots=True)
class PictureEvidence:
    """The latest picture, of this session or an earlier one, and the number of bad ones in a row.

    `in_session` counts the pictures of the session in progress. `unseen` is why none has been judged for long, or
    None.
    """

    latest: JudgedPicture | None = None
    consecutive_bad: int = 0
    in_session: int = 0
    unseen: Detail | None = None


class PictureSampler:
    """Samples one camera's pictures.

    `requested` is set until a picture that was requested has been judged. `urgent` is set if the next keyframe
    must be decoded as it arrives. The newest keyframe is always held ready, so the very keyframe whose size looked
    wrong can be decoded.
    """

    def __init__(self, camera: str, decoder: Decoder, interval_s: float, wake_up: WakeUp) -> None:
        self.evidence = PictureEvidence()
        self.urgent = False
        self.requested = False
        self._camera = camera
        self._decoder = decoder
        self._interval_s = interval_s
        self._wake_up = wake_up
        self._usual_gap_s = interval_s
        self._short_gap_s = SOON_S
        self._last = float("-inf")
        self._suspicious = self._sizes_changed = self._in_doubt = False
        self._restarted = float("-inf")
        self._new: JudgedPicture | None = None
        self._task: asyncio.Task[None] | None = None
        self._source: Source | None = None
        self._judged_at = self._unseen_after_s = 0.0
        self._problem = NO_DETAIL
        self._keyframe: Keyframe | None = None
        self._keyframe_requested = self._waits_for_keyframe = False

    @property
    def undecided(self) -> bool:
        """True if the next picture may change the verdict: the sizes changed, or the last picture was in doubt."""
        return self._sizes_changed or self._in_doubt

    async def end_session(self) -> None:
        """Cancel the sample in progress, because its session is over."""
        task, self._task, self._source = self._task, None, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def follow(self, source: Source) -> None:
        """Hold the newest keyframe of `source` ready; a new source begins a new session."""
        if source is not self._source:
            self._source, self._last = source, float("-inf")
            self._unseen_after_s, self._problem = 0.0, NO_DETAIL
            self.evidence = PictureEvidence(self.evidence.latest, self.evidence.consecutive_bad)
            self._keyframe, self._keyframe_requested = None, False
        if self._keyframe_requested:
            return
        self._keyframe_requested = True

        def deliver(keyframe: Keyframe) -> None:
            if source is not self._source:
                return
            self._keyframe, self._keyframe_requested = keyframe, False
            if self._waits_for_keyframe:
                self._wake_up.set()

        source.request_keyframe(deliver)

    def sample_if_due(self, now: float, measures: Measures) -> None:
        """Start decoding the newest keyframe if a sample is due at `now` (monotonic), given the measures."""
        if self._unseen_after_s == 0:
            self._judged_at, self._unseen_after_s = now, UNSEEN_S
        if self._task is not None:
            if not self._task.done():
                return
            self._task.result()
            self._task = None
        if self.evidence.unseen is None and now - self._judged_at > self._unseen_after_s:
            self.evidence = replace(self.evidence, unseen=self._unseen_because())
        hurried = self._is_hurried(measures, now)
        self.urgent = hurried and (measures.still or self._in_doubt)
        self._waits_for_keyframe = now - self._last >= (self._short_gap_s if hurried else self._usual_gap_s)
        if not self._waits_for_keyframe or self._keyframe is None:
            return
        keyframe, self._keyframe = self._keyframe, None
        if hurried:
            self._short_gap_s *= SLOWING
        self._last = now
        self._task = asyncio.create_task(
            self._sample(keyframe, still=measures.still, answers_request=self.requested)
        )

    def request(self) -> None:
        """Request a picture: the next sample is due immediately."""
        self._last = float("-inf")
        self.requested = True

    def take_new(self) -> JudgedPicture | None:
        """Return the picture decoded since the last call, or None if there is none."""
        new, self._new = self._new, None
        return new

    def _is_hurried(self, measures: Measures, now: float) -> bool:
        """Return whether the next sample is due early; gaps begin at `SOON_S` when the sizes turn suspicious."""
        if measures.suspicious is not self._suspicious:
            self._suspicious, self._sizes_changed = measures.suspicious, True
            if now - self._restarted >= SOON_AGAIN_S:
                self._restarted, self._short_gap_s = now, SOON_S
        if not (self._suspicious or self.undecided):
            self._short_gap_s = SOON_S
            return False
        return self._short_gap_s < self._usual_gap_s

    def _unseen_because(self) -> Detail:
        """Return why no picture is judged, as far as it is known."""
        remark = self._source.remark() if self._source is not None else NO_DETAIL
        return self._problem or remark or detail("no_picture_taken")

    async def _sample(self, keyframe: Keyframe, *, still: bool, answers_request: bool) -> None:
        look = await self._decoder.judge(self._camera, keyframe, interval_s=self._interval_s, static_stream=still)
        evidence = self.evidence
        latest, consecutive_bad, in_session = evidence.latest, evidence.consecutive_bad, evidence.in_session
        unseen = evidence.unseen
        # A picture that the network damaged is not the stream's fault.
        damaged = keyframe.damaged and look.error is not PictureError.CRASHED
        if look.error is not PictureError.UNAVAILABLE and not (look.error is not None and damaged):
            latest = self._new = look
            self.requested = self.requested and not answers_request
            consecutive_bad = consecutive_bad + 1 if look.error in _BAD else 0
            self._sizes_changed, self._in_doubt = False, _is_in_doubt(look)
            self._usual_gap_s = self._interval_s * _gap_factor(look)
            self._judged_at, self._unseen_after_s = self._last, UNSEEN_GAPS * self._usual_gap_s
            unseen = None
        else:
            self._problem = look.detail
        self.evidence = PictureEvidence(latest, consecutive_bad, in_session + 1, unseen)
        self._wake_up.set()


def _is_in_doubt(look: JudgedPicture) -> bool:
    """Return whether the picture contradicts its verdict: a fault is not confirmed yet, or about to end."""
    if look.error is not None:
        return look.error is not PictureError.CRASHED
    if look.verdict is None or not look.verdict.evidence:
        return False
    likely = {cause for cause, value in look.verdict.evidence.items() if value >= LIKELY}
    if look.verdict.cause is None:
        return bool(likely)
    return look.verdict.cause not in likely


def _gap_factor(look: JudgedPicture) -> float:
    """Return the number of intervals until the next sample."""
    if look.error is PictureError.CRASHED:
        return AFTER_CRASH
    return WHILE_IMPAIRED if look.verdict is not None and look.verdict.cause is not None else 1.0
