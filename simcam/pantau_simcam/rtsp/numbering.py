"""What a stream numbers its packets by (RFC 3550, 5.1): its source, a sequence and a time."""

import secrets


class Numbering:
    """Begins at random, and so once more whenever the encoder starts anew."""

    def __init__(self, clock_rate: int, now: float) -> None:
        self._clock_rate = clock_rate
        self._start = now
        self.begin()

    def begin(self) -> None:
        """Another source, other numbers, another time."""
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbelow(1 << 15)
        self._base = secrets.randbits(32)

    def timestamp(self, now: float) -> int:
        """RTP time."""
        return (self._base + round((now - self._start) * self._clock_rate)) & 0xFFFFFFFF

    def go_on(self) -> None:
        """To the next packet."""
        self.sequence = (self.sequence + 1) & 0xFFFF
