"""A clock that only tests move."""


class FakeClock:
    """A clock that starts on a day in 2026, on a machine that has been up for 1,000 s."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.utc_ms = 1_790_000_000_000

    def time_ms(self) -> int:
        return self.utc_ms

    def monotonic(self) -> float:
        return self.now_s

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
        self.utc_ms += int(seconds * 1000)

    def step_s(self, seconds: float) -> None:
        """Step the wall clock; the monotonic clock stays."""
        self.utc_ms += int(seconds * 1000)
