"""Numbers a stream's packets (RFC 3550, 5.1): source, sequence number and timestamp."""

import secrets


class Numbering:
    """Starts at random values, and at new ones whenever the encoder restarts."""

    def __init__(self, clock_rate: int, now: float) -> None:
        self._clock_rate = clock_rate
        self._start = now
        self.restart()

    def restart(self) -> None:
        """Choose another source, sequence number and timestamp."""
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbelow(1 << 15)
        self._base = secrets.randbits(32)

    def timestamp(self, now: float) -> int:
        """Return the RTP timestamp of a time."""
        return (self._base + round((now - self._start) * self._clock_rate)) & 0xFFFFFFFF

    def advance(self) -> None:
        """Advance to the next packet."""
        self.sequence = (self.sequence + 1) & 0xFFFF
