"""What is remembered of a subject from one judgement to the next."""

from msgspec import Struct


class Symptom(Struct):
    """The soft and the hard state of a subject, and its history of results for the detection of flapping.

    The soft state is `failing`, or not, since `since_s` (attention). `hard_cause` is the cause of the hard
    problem, or None while there is none.

    `changes` holds one bit for each of the latest results, the newest in bit 0: it is set where the result
    differed from the one before. The newest result is from `result_s` (attention), and was `result_failed`.
    `flapping`: the weighted share of changes is too high.
    """

    failing: bool = False
    since_s: float = 0.0
    hard_cause: str | None = None
    changes: int = 0
    result_s: float = 0.0
    result_failed: bool = False
    flapping: bool = False

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to remember."""
        return not self.failing and self.hard_cause is None and not self.changes
