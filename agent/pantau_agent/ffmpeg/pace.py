"""Taking a stream that comes in pieces of seconds (HLS) at the pace at which it was filmed, as a player does."""

LATE_S = 0.5
"""A picture that comes so late has not waited: the pace begins anew with it."""
JUMP_S = 10.0
"""Time that jumps by more, or goes back, is another time."""


class Pace:
    """Tells how long each picture has to wait. All times are in seconds."""

    def __init__(self) -> None:
        self._shift: float | None = None
        self._before = 0.0

    def wait_s(self, at: float, now: float) -> float:
        """Until the picture of the stream's time `at` is due; 0 where it is late."""
        if self._shift is None or self.jumps(at) or now - (at + self._shift) > LATE_S:
            self._shift = now - at
        self._before = at
        return max(0.0, at + self._shift - now)

    def jumps(self, at: float) -> bool:
        """Whether the stream's time does not go on."""
        return self._shift is not None and not -1.0 <= at - self._before <= JUMP_S
