"""Corrects times from agents whose clock is not set.

A Raspberry Pi without a real-time clock boots in the past, and one with a bad battery may boot in the future. The
agent corrects what it can before it sends. A batch that still arrives with an impossible time is shifted as a
whole, so that its own time becomes the time at which we received it.
"""

EARLIEST_MS = 1_704_067_200_000
"""2024-01-01 (UTC ms), before Pantau existed: a clock that shows an earlier time was never set."""
TOLERANCE_MS = 10 * 60 * 1000
"""Milliseconds by which an agent's clock may be ahead of the collector's before it is not believed."""


MAX_SPREAD_MS = 24 * 3_600_000
"""Milliseconds between a sample's time and its batch's, beyond which the sample's is not believed."""


def correction_ms(time_ms: int, received_ms: int) -> int:
    """Return the ms to add to a batch's times; 0 if its own time, `time_ms` (UTC), is possible."""
    if received_ms < EARLIEST_MS or EARLIEST_MS <= time_ms <= received_ms + TOLERANCE_MS:
        return 0
    return received_ms - time_ms


def corrected_ms(time_ms: int, correction: int, batch_ms: int, received_ms: int) -> int:
    """Return a sample's time in a corrected batch, or the batch's, `batch_ms`, if that is impossible.

    So the points of one batch lie within a day, whatever its samples say.
    """
    corrected = time_ms + correction
    is_near = abs(corrected - batch_ms) <= MAX_SPREAD_MS
    return corrected if is_near and not correction_ms(corrected, received_ms) else batch_ms
