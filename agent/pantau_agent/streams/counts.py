"""What a source has counted so far, whatever kind of source it is."""

from typing import NamedTuple


class Counts(NamedTuple):
    """A snapshot of growing counts. Times are seconds of the monotonic clock; 0 is never. Sizes are in octets."""

    packets: int = 0
    lost: int = 0
    octets: int = 0
    frames: int = 0
    keyframes: int = 0
    deltas: int = 0
    """Frames that are no keyframes."""
    delta_octets: int = 0
    key_octets: int = 0
    restarts: int = 0
    same_key_sizes: int = 0
    """How many keyframes in a row have had the very size of the one before."""
    first_packet: float = 0.0
    last_packet: float = 0.0
    last_frame: float = 0.0
    first_keyframe: float = 0.0
    last_keyframe: float = 0.0
    keyframe_interval: float = 0.0
    jitter: float | None = None
    """Seconds; None where the source has no such measure."""
