"""What a stream usually reaches, learnt while it is watched."""

from pantau_agent.diagnosis import Expected
from pantau_agent.measures import Measures

LEARN_S = 60
"""Looks, one a second, before anything is held against a stream."""
RISE = 0.05
FALL = 1 / 86_400
"""A look: up within a minute, down within a day, so that a night's lower rates do not become the norm at once."""


class Norm:
    """One camera's. What is configured goes before what is learnt."""

    def __init__(self, fps: float | None, bitrate_kbps: float | None) -> None:
        self._configured = Expected(fps, bitrate_kbps, learnt=False)
        self._fps = self._bitrate = 0.0
        self._looks = 0

    def learn(self, measures: Measures) -> None:
        """Takes one second's measures of a stream that works."""
        if measures.fps is None or measures.bitrate_kbps is None:
            return
        self._looks += 1
        self._fps = _follow(self._fps, measures.fps)
        self._bitrate = _follow(self._bitrate, measures.bitrate_kbps)

    def expected(self) -> Expected:
        """What is to be expected now."""
        configured = self._configured
        if configured.fps is not None or configured.bitrate_kbps is not None:
            return configured
        return Expected(self._fps, self._bitrate) if self._looks >= LEARN_S else Expected()


def _follow(value: float, seen: float) -> float:
    return value + (seen - value) * (RISE if seen > value else FALL) if value else seen
