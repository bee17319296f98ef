"""What a source has counted so far, whatever its kind."""

from typing import NamedTuple


class Counts(NamedTuple):
    """A snapshot of counts that grow. Times are monotonic, in seconds, 0 for never; sizes are in bytes."""

    packets: int = 0
    lost: int = 0
    octets: int = 0
    frames: int = 0
    keyframes: int = 0
    deltas: int = 0
    """Frames that are not keyframes."""
    delta_octets: int = 0
    key_octets: int = 0
    restarts: int = 0
    """How often the sender, or its timestamps, started again."""
    same_key_sizes: int = 0
    """How many keyframes in a row had exactly the size of the one before."""
    first_packet: float = 0.0
    last_packet: float = 0.0
    last_frame: float = 0.0
    first_keyframe: float = 0.0
    last_keyframe: float = 0.0
    keyframe_interval: float = 0.0
    """Seconds between the last two keyframes; 0 before there are two."""
    jitter: float | None = None
    """Interarrival jitter in seconds (RFC 3550, section 6.4.1); None if the source does not measure it."""
    jitter_valid: bool = True
    """False while the jitter says nothing: timestamps do not run as the time does, or pictures are reordered."""
    loss_valid: bool = True
    """False while `lost` says nothing: the packets' numbers do not count."""
