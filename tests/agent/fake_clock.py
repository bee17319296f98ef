"""A clock that only tests move."""


class FakeClock:
    """A clock that starts on a day in 2026, on a machine that has been up for 1,000 s."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.utc_ms = 1_790_000_000_000
        self.stalls: list[tuple[float, float]] = []

    def time_ms(self) -> int:
        return self.utc_ms

    def monotonic(self) -> float:
        return self.now_s

    def lost_since(self, since: float) -> float:
        return sum(max(0.0, end - max(begin, since)) for begin, end in self.stalls)

    def hold_up_s(self, seconds: float) -> None:
        """Let time pass in which the agent does not get to run."""
        self.stalls.append((self.now_s, self.now_s + seconds))
        self.pass_s(seconds)

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
        self.utc_ms += int(seconds * 1000)

    def step_s(self, seconds: float) -> None:
        """Step the wall clock; the monotonic clock stays."""
        self.utc_ms += int(seconds * 1000)
