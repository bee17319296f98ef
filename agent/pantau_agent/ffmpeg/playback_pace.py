"""Plays a stream that arrives in segments of several seconds (HLS) at the pace at which it was filmed."""

LATE_S = 0.5
"""Seconds by which a picture may be late; one that is later restarts the pace."""
JUMP_S = 10.0
"""Seconds by which the stream's time may advance from one picture to the next; more is a jump."""


class PlaybackPace:
    """Computes how long each picture has to wait. All times are in seconds."""

    def __init__(self) -> None:
        self._shift: float | None = None
        self._last_at = 0.0

    def wait_s(self, at: float, now: float) -> float:
        """Return how long to wait until the picture with the stream's time `at` is due; 0 if it is late."""
        if self._shift is None or self.jumps(at) or now - (at + self._shift) > LATE_S:
            self._shift = now - at
        self._last_at = at
        return max(0.0, at + self._shift - now)

    def jumps(self, at: float) -> bool:
        """Return whether the stream's time goes back or jumps ahead at this picture."""
        return self._shift is not None and not -1.0 <= at - self._last_at <= JUMP_S
