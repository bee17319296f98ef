"""When a camera's picture is looked at, and what was seen: one glance at a time, sooner where it looks wrong."""

import asyncio

from pantau_agent.assessment.rates import Measures
from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.picture.decoder import Decoder, JudgedPicture
from pantau_agent.picture.exchange import PictureError
from pantau_agent.sources.source import Source
from pantau_agent.streams.keyframe import Keyframe

SOON_S = 1.0
"""To the next glance, while the pictures or their sizes look wrong, or a fault is about to end."""
SLOWING = 1.3
"""So many times as long from each such glance to the next one, up to the usual interval."""
SOON_AGAIN_S = 30.0
"""Sizes that turn to or from suspicious begin at `SOON_S` anew, but no more often than this."""
LIKELY = 0.5
"""Evidence of a picture fault from which on it is likely."""
AFTER_CRASH = 10
"""Intervals until a stream whose picture killed the decoder is decoded again."""
WHILE_IMPAIRED = 1 / 3
"""Intervals to the next glance while a fault of the picture stands, so that its end is soon noticed."""

_BAD = {PictureError.UNDECODABLE, PictureError.ENCRYPTED, PictureError.CRASHED}


class PictureSampler:
    """One camera's. `latest` is what was seen last, in this or an earlier session; `bad` counts bad ones in a row.

    `in_session` counts the glances of the session under way. `tense` tells that the next keyframe is to be seen as
    it comes. The newest keyframe is always at hand, so that one whose size looked wrong can itself be looked at.
    """

    def __init__(self, camera: str, decoder: Decoder, interval_s: float, bell: WakeUp) -> None:
        self.latest: JudgedPicture | None = None
        self.bad = 0
        self.in_session = 0
        self.tense = False
        self._camera = camera
        self._decoder = decoder
        self._interval_s = interval_s
        self._bell = bell
        self._pause_s = interval_s
        self._soon_s = SOON_S
        self._last = float("-inf")
        self._suspicious = self._turned = self._doubtful = False
        self._began = float("-inf")
        self._fresh: JudgedPicture | None = None
        self._task: asyncio.Task[None] | None = None
        self._source: Source | None = None
        self._keyframe: Keyframe | None = None
        self._asked = self._awaited = False

    @property
    def turning(self) -> bool:
        """Whether the next one may say otherwise: the sizes turned, or the last picture was in doubt."""
        return self._turned or self._doubtful

    async def leave(self) -> None:
        """The session is over: a glance under way is given up."""
        task, self._task, self._source = self._task, None, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def attend(self, source: Source, now: float, measures: Measures) -> None:
        """Begins a glance if one is due at `now` (monotonic seconds), by what was measured of the stream."""
        self._keep(source)
        if self._task is not None:
            if not self._task.done():
                return
            self._task.result()
            self._task = None
        hurried = self._is_hurried(measures, now)
        self.tense = hurried and (measures.still or self._doubtful)
        self._awaited = now - self._last >= (self._soon_s if hurried else self._pause_s)
        if not self._awaited or self._keyframe is None:
            return
        keyframe, self._keyframe = self._keyframe, None
        if hurried:
            self._soon_s *= SLOWING
        self._last = now
        self._task = asyncio.create_task(self._glance(keyframe, still=measures.still))

    def want(self) -> None:
        """Somebody asks for a picture: the next glance is due at once."""
        self._last = float("-inf")

    def fresh(self) -> JudgedPicture | None:
        """What was seen since this was asked last."""
        look, self._fresh = self._fresh, None
        return look

    def _keep(self, source: Source) -> None:
        """Sees to it that the newest keyframe of the source is at hand."""
        if source is not self._source:
            self._source, self.in_session, self._last = source, 0, float("-inf")
            self._keyframe, self._asked = None, False
        if self._asked:
            return
        self._asked = True

        def take(keyframe: Keyframe) -> None:
            if source is not self._source:
                return
            self._keyframe, self._asked = keyframe, False
            if self._awaited:
                self._bell.ring()

        source.request_keyframe(take)

    def _is_hurried(self, measures: Measures, now: float) -> bool:
        """Whether the next glance is to be soon; what looks wrong anew is looked at from `SOON_S` on again."""
        if measures.suspicious is not self._suspicious:
            self._suspicious, self._turned = measures.suspicious, True
            if now - self._began >= SOON_AGAIN_S:
                self._began, self._soon_s = now, SOON_S
        if not (self._suspicious or self.turning):
            self._soon_s = SOON_S
            return False
        return self._soon_s < self._pause_s

    async def _glance(self, keyframe: Keyframe, *, still: bool) -> None:
        look = await self._decoder.judge(self._camera, keyframe, interval_s=self._interval_s, static_stream=still)
        self.in_session += 1
        # what the network lost is no fault of the stream
        lost = keyframe.damaged and look.error is not PictureError.CRASHED
        if look.error is PictureError.UNAVAILABLE or (look.error is not None and lost):
            self._bell.ring()
            return
        self.bad = self.bad + 1 if look.error in _BAD else 0
        self.latest = self._fresh = look
        self._turned, self._doubtful = False, _is_in_doubt(look)
        self._pause_s = self._interval_s * _pace(look)
        self._bell.ring()


def _is_in_doubt(look: JudgedPicture) -> bool:
    """Whether the picture says other than its verdict: a fault not confirmed yet, or one that is about to end."""
    if look.error is not None:
        return look.error is not PictureError.CRASHED
    if look.verdict is None or not look.verdict.evidence:
        return False
    likely = {cause for cause, value in look.verdict.evidence.items() if value >= LIKELY}
    if look.verdict.cause is None:
        return bool(likely)
    return look.verdict.cause not in likely


def _pace(look: JudgedPicture) -> float:
    """The usual intervals until the next glance."""
    if look.error is PictureError.CRASHED:
        return AFTER_CRASH
    return WHILE_IMPAIRED if look.verdict is not None and look.verdict.cause is not None else 1.0
