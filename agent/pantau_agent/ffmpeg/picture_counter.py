"""Counts of a stream whose demuxer returns each picture as one packet."""

from pantau_agent.streams.counts import Counts


class PictureCounter:
    """Counts pictures. `counts` is the result so far, with monotonic times; `at` is the stream's own time."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._key_size = 0
        self._key_at = 0.0

    def add(self, size: int, at: float, now: float, *, key: bool) -> None:
        """Count a picture of `size` bytes, which arrived at `now`."""
        counts = self.counts
        self.counts = counts._replace(
            packets=counts.packets + 1,
            octets=counts.octets + size,
            frames=counts.frames + 1,
            first_packet=counts.first_packet or now,
            last_packet=now,
            last_frame=now,
        )
        if key:
            self._add_key(size, at, now)
        else:
            self.counts = self.counts._replace(deltas=counts.deltas + 1, delta_octets=counts.delta_octets + size)

    def add_restart(self) -> None:
        """Count a jump of the stream's own time."""
        self.counts = self.counts._replace(restarts=self.counts.restarts + 1)
        self._key_at = 0.0

    def _add_key(self, size: int, at: float, now: float) -> None:
        counts = self.counts
        self.counts = counts._replace(
            keyframes=counts.keyframes + 1,
            key_octets=counts.key_octets + size,
            same_key_sizes=counts.same_key_sizes + 1 if size == self._key_size else 0,
            first_keyframe=counts.first_keyframe or now,
            last_keyframe=now,
            keyframe_interval=at - self._key_at if self._key_at else counts.keyframe_interval,
        )
        self._key_size, self._key_at = size, at
