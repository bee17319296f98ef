"""When a camera's picture is looked at, and what was seen: one glance at a time, sooner where it looks wrong."""

import asyncio

from pantau_agent.bell import Bell
from pantau_agent.measures import Measures
from pantau_agent.picture.decoder import Decoder, Look
from pantau_agent.picture.exchange import PictureError
from pantau_agent.probes.source import Source
from pantau_agent.rtsp.keyframe import Keyframe

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


class Glances:
    """One camera's. `latest` is what was seen last, in this or an earlier session; `bad` counts bad ones in a row.

    `in_session` counts the glances of the session under way. `turning` tells that the next one may say otherwise,
    `hurried` that the next one is to be soon, `tense` that its keyframe is to be seen as it comes. The newest
    keyframe is always at hand, so that one whose size looked wrong can itself be looked at.
    """

    def __init__(self, camera: str, decoder: Decoder, interval_s: float, bell: Bell) -> None:
        self.latest: Look | None = None
        self.bad = 0
        self.in_session = 0
        self.turning = False
        self.hurried = self.tense = False
        self._camera = camera
        self._decoder = decoder
        self._interval_s = interval_s
        self._bell = bell
        self._pause_s = interval_s
        self._soon_s = SOON_S
        self._last = float("-inf")
        self._suspicious = False
        self._turned = 0.0
        self._fresh: Look | None = None
        self._task: asyncio.Task[None] | None = None
        self._source: Source | None = None
        self._keyframe: Keyframe | None = None
        self._asked = False
        self._awaited = False
        self._wanted = False
        self._doubtful = False

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
        self._weigh(measures.suspicious, now)
        self.tense = self.hurried and (measures.still or self._doubtful)
        pause = self._soon_s if self.hurried else self._pause_s
        self._awaited = self._wanted or now - self._last >= pause
        if not self._awaited or self._keyframe is None:
            return
        keyframe, self._keyframe, self._wanted = self._keyframe, None, False
        if self.hurried:
            self._soon_s *= SLOWING
        self._last = now
        self._task = asyncio.create_task(self._glance(keyframe, still=measures.still))

    def want(self) -> None:
        """Somebody asks for a picture: the next glance is due at once."""
        self._wanted = True

    def fresh(self) -> Look | None:
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

        source.want(take)

    def _weigh(self, suspicious: bool, now: float) -> None:
        """Whether to hurry, and whether to do so from the beginning."""
        if suspicious is not self._suspicious:
            self._suspicious, self.turning = suspicious, True
            if now - self._turned >= SOON_AGAIN_S:
                self._turned, self._soon_s = now, SOON_S
        odd = suspicious or self.turning
        if not odd:
            self._soon_s = SOON_S
        self.hurried = odd and self._soon_s < self._pause_s

    async def _glance(self, keyframe: Keyframe, *, still: bool) -> None:
        look = await self._decoder.look(self._camera, keyframe, interval_s=self._interval_s, still=still)
        self.in_session += 1
        lost = (
            keyframe.damaged and look.error is not PictureError.CRASHED
        )  # the network is to blame, not the stream
        if look.error is PictureError.UNAVAILABLE or (look.error is not None and lost):
            self._bell.ring()
            return
        self.bad = self.bad + 1 if look.error in _BAD else 0
        self.latest = self._fresh = look
        self.turning = self._doubtful = _is_turning(look)
        self._pause_s = self._interval_s * _pace(look)
        self._bell.ring()


def _is_turning(look: Look) -> bool:
    """Whether the picture says other than its verdict: a fault not confirmed yet, or one that is about to end."""
    if look.error is not None:
        return look.error is not PictureError.CRASHED
    if look.verdict is None or not look.verdict.evidence:
        return False
    likely = {cause for cause, value in look.verdict.evidence.items() if value >= LIKELY}
    if look.verdict.cause is None:
        return bool(likely)
    return look.verdict.cause not in likely


def _pace(look: Look) -> float:
    """The usual intervals until the next glance."""
    if look.error is PictureError.CRASHED:
        return AFTER_CRASH
    return WHILE_IMPAIRED if look.verdict is not None and look.verdict.cause is not None else 1.0
