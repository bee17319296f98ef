"""Counts a video stream's RTP packets on arrival (RFC 3550).

This is the hot path: it runs for each packet of each camera. So it creates no object per packet, inspects payloads
only until the kind of the access unit is known, and leaves all arithmetic of rates to the assessment, once per
window.
"""

import struct
from operator import attrgetter
from typing import Protocol

from pantau_agent.rtsp.access_unit import DELTA, KEYFRAME
from pantau_agent.streams.counts import Counts

MAX_DROPOUT = 3000
"""Largest forward jump of sequence numbers that counts as loss (RFC 3550, appendix A.1)."""
MAX_MISORDER = 100
"""Largest backward jump that counts as a late packet (RFC 3550, A.1); jumps in between are a sender's restart."""
MAX_TRANSIT_S = 10.0
"""Seconds by which a timestamp may deviate from arrival; more is a restart of timestamps."""

MAX_JUMP_S = 1.0
"""Seconds by which a timestamp may deviate although the packet came in time; more is a jump of timestamps."""
MAX_LATE_S = 2.5
"""Seconds by which a packet may be read late; timestamps that deviate by more say nothing about arrival."""

NUMBERED_PACKETS = 20
"""Packets from which on it is decided whether their sequence numbers count."""
MAX_IRREGULAR = 0.9
"""Share of packets with another number than the next from which on numbers may not count."""
MAX_LOST_EACH = 50
"""Packets lost for each that comes from which on numbers do not count: of a stream so bad nothing comes."""
MIN_REGULAR = 0.5
"""Share of packets with the next number from which on they count again."""

MAX_UNIT_S = 2.0
"""Seconds over which an access unit may arrive; one that goes on for longer is many, which nothing in RTP ends."""

FIRST_CHECK_S = 1.0
"""Seconds from the first access unit after which its timestamps are first compared with the time of arrival."""
CHECK_S = 5.0
"""Seconds over which timestamps are compared at least, later on."""
CHECK_SPAN_S = 30.0
"""Seconds over which they are compared at most: a stall of the network must not look like a wrong clock."""
MIN_RATE = 0.6
"""Lowest ratio of timestamps to arrival at which timestamps are trusted; milliseconds have 0.01, constants 0."""
MAX_RATE = 1.6
"""Highest such ratio; microseconds have 11."""
MIN_REORDERED = 2
"""Steps backward within a comparison from which on pictures are known to come out of order (B pictures)."""

_UNPROVEN = 0
"""Marker bits are believed to end pictures, and a keyframe waits for the next picture's first packet."""
_PROVEN = 1
"""Marker bits have ended pictures."""
_REFUTED = -1
"""Marker bits stand on each slice: only the next picture's first packet ends a picture."""
_MARKER = 0x80
"""The marker in the second byte of RTP's header, which tells that a picture may have ended."""
_EACH_PACKET = 0xFF
"""In place of `_MARKER` for streams without markers: a picture may have ended with each packet."""

_HEADER = struct.Struct("!BBHII").unpack_from
_COUNTS = attrgetter(*Counts._fields)
_LAST_KEYFRAME = Counts._fields.index("last_keyframe")
_VERSION_2 = 0x80
_SENDER_REPORT = struct.Struct("!IIII").unpack_from
_NTP_TO_UNIX = 2_208_988_800


class AccessUnit(Protocol):
    """The current access unit, as its codec's payload format sees it."""

    kind: int
    continues: bool

    def begin(self) -> None:
        """Begin a new access unit."""

    def begins_picture(self, buffer: bytes, start: int, end: int) -> bool:
        """Return whether the payload of a packet begins a picture, and does not continue the one before."""

    def add_payload(self, buffer: bytes, start: int, end: int) -> bool:
        """Process the payload of one packet, and return whether the unit's next one is needed too."""

    def finish(self, *, damaged: bool) -> None:
        """End the access unit."""


class Reception:
    """Counts one video stream, in attributes with the names and meanings of `Counts`.

    `lost` is the loss of RFC 3550, appendix A.3, less packets that came late. `jitter` is that of appendix A.8, in
    seconds, measured at the first packet of each access unit, so that a keyframe's size does not count as jitter.
    Sizes include RTP headers; `size` is that of the current access unit. Packets of other payload types are passed
    over, whether they have sequence numbers of their own or those of the video.
    """

    __slots__ = (
        *Counts._fields,
        "_anchor",
        "_arrival",
        "_boundary",
        "_counted",
        "_damaged",
        "_end_mask",
        "_exact",
        "_finished",
        "_gap",
        "_irregular",
        "_key_timestamp",
        "_lost_from",
        "_markers",
        "_next",
        "_numbered_from",
        "_other",
        "_other_after",
        "_payload_type",
        "_period",
        "_refused",
        "_reordered",
        "_ssrc",
        "_timed",
        "_timestamp",
        "_wants",
        "key_size",
        "malformed",
        "size",
        "unit",
    )

    def __init__(self, payload_type: int, clock_rate: int, unit: AccessUnit) -> None:
        self.unit = unit
        self.packets = self.octets = self.lost = self.malformed = self.restarts = 0
        self.frames = self.keyframes = self.deltas = self.delta_octets = self.key_octets = 0
        self.first_packet = self.last_packet = self.last_frame = 0.0
        self.first_keyframe = self.last_keyframe = 0.0
        self.keyframe_interval = self.jitter = 0.0
        self.key_size = self.same_key_sizes = 0
        self._payload_type = payload_type
        self._period = 1.0 / clock_rate
        self._ssrc = self._next = self._timestamp = -1
        self._arrival = 0.0
        self.size = 0
        self._key_timestamp = 0
        self._boundary = self._counted = self._finished = self._exact = True
        self._wants = self._damaged = False
        self._markers = _UNPROVEN
        self._end_mask = _MARKER
        self._gap = self._other_after = -1
        self._other = 0
        self._anchor: tuple[float, int] | None = None
        self._reordered = 0
        self._timed = self.jitter_valid = False
        self.loss_valid = True
        self._irregular = self._refused = self._numbered_from = self._lost_from = 0

    def receive(self, buffer: bytes, start: int, end: int, now: float) -> None:  # noqa: C901 # calls cost more
        """Count the RTP packet in `buffer[start:end]`, which arrived at `now`."""
        if end - start < 12:
            self.malformed += 1
            return
        first, second, sequence, timestamp, ssrc = _HEADER(buffer, start)
        if second & 0x7F != self._payload_type:
            self._pass_over(sequence)
            return
        if (sequence != self._next or ssrc != self._ssrc) and not self._resume(sequence, ssrc, now):
            return
        self._next = (sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += end - start
        self.last_packet = now
        if timestamp != self._timestamp or self._boundary:
            if first & 0xC0 != _VERSION_2:
                self.malformed += 1
                return
            bounds = _payload(buffer, start, end) if self._boundary and first != 0x80 else (start + 12, end)
            if timestamp == self._timestamp and not self.unit.begins_picture(buffer, *bounds):
                self._markers, self._boundary = _REFUTED, False
            else:
                self._begin(timestamp, now)
        self.size += end - start
        if self._wants:
            start += 12
            if first != 0x80:
                start, end = _payload(buffer, start - 12, end)
            self._wants = self.unit.add_payload(buffer, start, end)
        if second & self._end_mask and self.unit.kind:
            self._boundary = True
            if self._markers != _REFUTED and not self._counted:
                self._count(now)
                if self._markers == _PROVEN:
                    self._finish()

    @property
    def ssrc(self) -> int:
        """The sender's number; 0 before there is one."""
        return max(0, self._ssrc)

    @property
    def last_sequence(self) -> int:
        """The sequence number of the newest packet."""
        return (self._next - 1) & 0xFFFF

    def snapshot(self) -> Counts:
        """Return a copy of the counts, with the last keyframe at the time when it came.

        The jitter is valid unless the timestamps do not run as the time does, or pictures come in another order
        than they are shown. To be called about once a second.
        """
        self._compare_timestamps()
        self._check_numbers()
        if self._arrival and self.last_packet - self._arrival > MAX_UNIT_S:
            self._markers, self._end_mask = _REFUTED, _EACH_PACKET
        counts = list(_COUNTS(self))
        counts[_LAST_KEYFRAME] = self._last_keyframe_came()
        return Counts._make(counts)

    def _check_numbers(self) -> None:
        """Decide whether sequence numbers count, since it was last decided.

        Some cameras number nothing, or write the bytes in another order. Then there is no loss to be known.
        """
        seen = self.packets - self._numbered_from + self._refused
        if seen < NUMBERED_PACKETS:
            return
        irregular, refused = self._irregular / seen, self._refused / seen
        if self.loss_valid:
            absurd = self.lost - self._lost_from > MAX_LOST_EACH * (seen - self._refused)
            self.loss_valid = irregular < MAX_IRREGULAR or not (absurd or refused >= MAX_IRREGULAR)
        else:
            self.loss_valid = irregular <= 1 - MIN_REGULAR
        self._irregular, self._refused = 0, 0
        self._numbered_from, self._lost_from = self.packets, self.lost

    def _compare_timestamps(self) -> None:
        """Decide whether timestamps run as the time does, and in order, since the last comparison began."""
        if not self._arrival:
            return
        if self._anchor is None:
            self._anchor, self._reordered = (self._arrival, self._timestamp), 0
            return
        begun, first = self._anchor
        elapsed = self._arrival - begun
        if elapsed < (CHECK_S if self._timed else FIRST_CHECK_S):
            return
        rate = _signed(self._timestamp - first) * self._period / elapsed
        self._timed = MIN_RATE < rate < MAX_RATE
        self.jitter_valid = self._timed and self._reordered < MIN_REORDERED
        if elapsed >= CHECK_SPAN_S or not self._timed:  # a burst at the start is soon forgotten
            self._anchor, self._reordered = (self._arrival, self._timestamp), 0

    def _last_keyframe_came(self) -> float:
        """Return when the last keyframe came: by the camera's timestamps, if it was read later than it came."""
        since = ((self._timestamp - self._key_timestamp) & 0xFFFFFFFF) * self._period
        late = self.last_keyframe - (self.last_packet - since)
        if self._timed and self.keyframes and 0 < late < MAX_LATE_S:
            return self.last_keyframe - late
        return self.last_keyframe

    def set_exact_arrival(self, exact: bool) -> None:
        """Set whether arrival times are exact from now on; jitter is measured only while they are."""
        if exact and not self._exact:
            self._arrival = 0.0
        self._exact = exact

    def _begin(self, timestamp: int, now: float) -> None:
        """Begin a new access unit; the one before ends, unless its marker has ended it."""
        if self._boundary and self._markers == _UNPROVEN and self._counted and self._timestamp >= 0:
            self._markers = _PROVEN
        if not self._counted and self.unit.kind:
            self._count(self.last_packet)  # the marker was lost, or the camera sets none or too many
        if not self._finished:
            self._finish()
        if self._gap == (self._next - 1) & 0xFFFF:
            self._damaged = True  # the gap is right before this packet, so it may be of this unit too
        self._gap = -1
        if self._arrival:
            self._measure_jitter(timestamp, now)
        self._arrival = now
        self._timestamp = timestamp
        self.size = 0
        self._boundary = self._counted = self._finished = False
        self._wants = True
        self.unit.begin()

    def _measure_jitter(self, timestamp: int, now: float) -> None:
        elapsed, advance = now - self._arrival, (timestamp - self._timestamp) & 0xFFFFFFFF
        if advance > 0x7FFFFFFF:
            advance -= 1 << 32
        departure = abs(elapsed - advance * self._period)
        if departure > MAX_JUMP_S and (departure > MAX_TRANSIT_S or elapsed < departure / 2):
            self.restarts += 1  # the sender's clock was set; a late packet would have let more time pass
            self._anchor = None
            return
        if advance < 0:
            self._reordered += 1
        if self._exact:
            self.jitter += (departure - self.jitter) / 16

    def _count(self, now: float) -> None:
        """Count the access unit."""
        unit = self.unit
        self._counted = True
        self.frames += 1
        self.last_frame = now
        if unit.kind == KEYFRAME:
            if self.last_keyframe:
                self.keyframe_interval = self._interval(now - self.last_keyframe)
            else:
                self.first_keyframe = now
            self._key_timestamp = self._timestamp
            self.keyframes += 1
            self.last_keyframe = now
            self.same_key_sizes = self.same_key_sizes + 1 if self.size == self.key_size else 0
            self.key_size = self.size
            self.key_octets += self.size
        elif unit.kind == DELTA:
            self.deltas += 1
            self.delta_octets += self.size

    def _finish(self) -> None:
        """Deliver the access unit if it is a keyframe that was asked for."""
        self._finished = True
        if self.unit.kind == KEYFRAME or self.unit.continues:
            self.unit.finish(damaged=self._damaged)
        self._damaged = False

    def _interval(self, by_arrival: float) -> float:
        """Return the time since the last keyframe: by timestamps unless those are wrong, or far from arrival."""
        if not self._timed:
            return by_arrival
        by_timestamp = ((self._timestamp - self._key_timestamp) & 0xFFFFFFFF) * self._period
        return by_timestamp if abs(by_timestamp - by_arrival) < MAX_LATE_S else by_arrival

    def _pass_over(self, sequence: int) -> None:
        """Notice a packet of another payload type with a number of the video's, so that it is no gap."""
        if self._other_after != self._next:
            self._other_after, self._other = self._next, 0
        if sequence == (self._next + self._other) & 0xFFFF:
            self._other += 1

    def _resume(self, sequence: int, ssrc: int, now: float) -> bool:
        """Handle a gap in the sequence, and return whether the packet is to be counted."""
        if ssrc != self._ssrc:
            if self._ssrc >= 0:
                self._restart()
            else:
                self.first_packet = now
            self._ssrc = ssrc
            self._numbered_from += 1  # a sender's first number says nothing about whether numbers count
            return True
        self._irregular += 1
        if not self.loss_valid:
            return True
        ahead = (sequence - self._next) & 0xFFFF
        if self._other_after == self._next and ahead >= self._other:
            ahead -= self._other
        if ahead < MAX_DROPOUT:
            self.lost += ahead
            if ahead:
                self._damaged, self._gap = True, sequence
            return True
        if ahead >= 0x10000 - MAX_MISORDER:
            if self.lost > 0:  # it was late, and counted as lost; or it is a repeat
                self.lost -= 1
            self._refused += 1
            return False
        self._restart()
        return True

    def _restart(self) -> None:
        self.restarts += 1
        if not self._counted and self.unit.kind:
            self._count(self.last_packet)  # another sender begins another picture
        if not self._finished:
            self._finish()
        self._arrival = 0.0
        self._anchor = None
        self._timestamp = -1
        self._boundary = self._counted = self._finished = True
        self._damaged = False


class SenderClock:
    """The camera's clock by its RTCP sender reports (RFC 3550, section 6.4.1).

    `unix` is the time that it reported last (seconds UTC), None if there was no report or the camera counts from
    its start; `heard` is when (monotonic), and `compact_time` are the middle bits of the time as it was sent.
    `reports` counts sender reports, `bye` is true after a BYE.
    """

    def __init__(self) -> None:
        self.unix: float | None = None
        self.heard = 0.0
        self.reports = self.compact_time = 0
        self.bye = False

    def receive(self, buffer: bytes, start: int, end: int, now: float) -> None:
        """Process the compound RTCP packet in `buffer[start:end]`; what is damaged is ignored."""
        while end - start >= 8:
            kind = buffer[start + 1]
            stop = start + 4 * (1 + (buffer[start + 2] << 8 | buffer[start + 3]))
            if buffer[start] & 0xC0 != 0x80 or stop > end:
                return
            if kind == 200 and stop - start >= 28:
                _, _, seconds, fraction = _SENDER_REPORT(buffer, start)
                self.reports += 1
                self.heard = now
                self.compact_time = (seconds & 0xFFFF) << 16 | fraction >> 16
                # A time before 1968 counts from the camera's start, which the RFC allows a camera without a clock.
                self.unix = seconds - _NTP_TO_UNIX + fraction / (1 << 32) if seconds >= 1 << 31 else None
            elif kind == 203:
                self.bye = True
            start = stop


def _signed(difference: int) -> int:
    """Return the difference of two 32-bit timestamps as a signed number."""
    difference &= 0xFFFFFFFF
    return difference - (1 << 32) if difference > 0x7FFFFFFF else difference


def _payload(buffer: bytes, start: int, end: int) -> tuple[int, int]:
    """Return the payload's bounds, without CSRCs, extension and padding (RFC 3550, 5.1); empty if damaged."""
    first = buffer[start]
    at = start + 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if at + 4 > end:
            return end, end
        at += 4 + 4 * (buffer[at + 2] << 8 | buffer[at + 3])
    if first & 0x20:
        end -= buffer[end - 1]
    return (at, end) if at < end else (end, end)
