"""Sends one client the video of one camera by RTP and RTCP (RFC 3550), each picture when it is due."""

import random
import struct
import time
from collections.abc import Callable, Iterator

from pantau_simcam.camera import Camera
from pantau_simcam.faults import WITHHOLDS_MEDIA, Fault
from pantau_simcam.footage.footage import Footage, Picture
from pantau_simcam.footage.library import Library
from pantau_simcam.rtsp import rtcp
from pantau_simcam.rtsp.carriers import Carrier
from pantau_simcam.rtsp.numbering import Numbering
from pantau_simcam.rtsp.sdp import PAYLOAD_TYPE

REPORT_INTERVAL_S = 5.0
"""Seconds between two sender reports."""
CLOCK_RATE = 90_000
"""RTP timestamp units per second."""
LATE_S = 1.0
"""Seconds of delay after which pictures are skipped: the process was stopped, and a camera would have gone on."""

_header = struct.Struct(">BBHII")


class VideoStream:
    """Sends pictures after `play`, each time `step` is called; it returns the next time."""

    def __init__(
        self,
        camera: Camera,
        carrier: Carrier,
        library: Library,
        *,
        now: float,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.camera = camera
        self.playing = False
        self.ended = False
        self.numbers = Numbering(CLOCK_RATE, now)
        self._carrier = carrier
        self._library = library
        self._wall = wall
        self._due = now
        self._footage: Footage | None = None
        self._at = 0
        self._rejoin = True
        self._reported = float("-inf")
        self._clock_offset_s = 0.0
        self._packets = 0
        self._octets = 0
        self._kind = PAYLOAD_TYPE[camera.spec.codec]

    def play(self, now: float) -> None:
        """Start to send."""
        self.playing = True
        self._due = now

    def step(self, now: float) -> float | None:
        """Send the picture that is due, and return when the next one is; None after the end."""
        if self.ended:
            return None
        if now - self._due > LATE_S:
            self._due = now
        due = self._due
        footage = self._current_footage()
        self._due = due + 1 / (footage.take.fps if footage else self.camera.spec.fps)
        if footage is None or self.camera.fault in WITHHOLDS_MEDIA or self._carrier.congested():
            self._rejoin = True
            return self._due
        if self._rejoin:
            self._at = footage.keyframe_before(self.camera.position_s(now))
            self._rejoin = False
        self._carrier.send(self._in_order(self._packetised(footage.pictures[self._at], due)))
        self._at = (self._at + 1) % len(footage.pictures)
        self._report(now)
        return self._due

    def restart(self) -> None:
        """Restart the encoder, with a keyframe first."""
        self.numbers.restart()
        self._rejoin = True

    def end(self, *, goodbye: bool = False) -> None:
        """Stop to send; with `goodbye`, announce it by RTCP."""
        if goodbye and self.playing and not self.ended:
            self._carrier.send_control(rtcp.goodbye(self.numbers.ssrc))
        self.ended = True

    def _current_footage(self) -> Footage | None:
        """Return the footage that the camera shows; the previous one until a new one is ready."""
        take = self.camera.take
        if self._footage is None or self._footage.take != take:
            ready = self._library.ready(take)
            if ready is not None:
                self._footage = ready
                self._rejoin = True
        return self._footage

    def _in_order(self, packets: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the packets, under `reorder` some of them after their successor."""
        if self.camera.fault is not Fault.REORDER:
            yield from packets
            return
        for packet in packets:
            swapped = random.random() < self.camera.amount / 100
            following = next(packets, None) if swapped else None
            if following is not None:
                yield following
            yield packet

    def _packetised(self, picture: Picture, due: float) -> Iterator[bytes]:
        numbers, kind, timestamp = self.numbers, self._kind, self.numbers.timestamp(due)
        lost = self.camera.amount / 100 if self.camera.fault is Fault.LOSS else 0
        last = len(picture.payloads) - 1
        for i, payload in enumerate(picture.payloads):
            marked = kind | 0x80 if i == last else kind
            if not lost or random.random() >= lost:
                yield _header.pack(0x80, marked, numbers.sequence, timestamp, numbers.ssrc) + payload
            numbers.advance()
        self._packets += last + 1
        self._octets += picture.size

    def _report(self, now: float) -> None:
        """Send a sender report if it is due, or immediately if the camera's clock was changed."""
        offset_s = self.camera.amount if self.camera.fault is Fault.WRONG_CLOCK else 0.0
        if now - self._reported < REPORT_INTERVAL_S and offset_s == self._clock_offset_s:
            return
        self._reported, self._clock_offset_s = now, offset_s
        wall_s = self._wall() + offset_s
        time_now = self.numbers.timestamp(now)
        self._carrier.send_control(
            rtcp.sender_report(self.numbers.ssrc, wall_s, time_now, self._packets, self._octets)
        )
