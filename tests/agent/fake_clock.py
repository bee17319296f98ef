"""A clock that only tests move."""


class FakeClock:
    """Starts at a day in 2026, with a machine that has been up for 1,000 s."""

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
        """The machine's clock is set: only the time of day moves."""
        self.utc_ms += int(seconds * 1000)
