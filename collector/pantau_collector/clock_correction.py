"""Times of agents whose clock is not set.

A Raspberry Pi without a real-time clock boots in the past, and a wrong battery may put it in the future. The agent
corrects what it can before it sends. What still arrives with an impossible time is moved, a whole batch at once:
the batch's own time becomes the time at which we received it.
"""

EARLIEST_MS = 1_704_067_200_000
"""2024-01-01: Pantau did not exist; a clock that shows less was never set."""
TOLERANCE_MS = 10 * 60 * 1000
"""How far ahead of the collector's clock an agent's may be before it is not believed."""


def correction_ms(time_ms: int, received_ms: int) -> int:
    """What to add to the times of a batch (UTC ms) whose own time is `time_ms`; 0 when it is possible."""
    if received_ms < EARLIEST_MS or EARLIEST_MS <= time_ms <= received_ms + TOLERANCE_MS:
        return 0
    return received_ms - time_ms


def corrected_ms(time_ms: int, correction: int, batch_ms: int, received_ms: int) -> int:
    """The time of one sample of a corrected batch; the batch's own, `batch_ms`, where its own is impossible."""
    corrected = time_ms + correction
    return batch_ms if correction_ms(corrected, received_ms) else corrected
