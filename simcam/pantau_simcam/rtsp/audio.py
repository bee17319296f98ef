"""One client's audio of one camera: a tone in G.711 A-law (RFC 3551, 4.5.14), over RTP."""

import struct

from pantau_simcam.camera import Camera
from pantau_simcam.faults import WITHHOLDS_MEDIA
from pantau_simcam.rtsp import rtcp
from pantau_simcam.rtsp.carriers import Carrier
from pantau_simcam.rtsp.numbering import Numbering

CLOCK_RATE = 8000
PACKET_S = 0.02
PAYLOAD_TYPE = 8
TONE = (b"\x95" * 8 + b"\x15" * 8) * 10
"""A quiet square wave of 500 Hz: two of A-law's codes by turns, 20 ms of 8000 a second."""
LATE_S = 1.0
"""What is so late is not made up for."""

_header = struct.Struct(">BBHII")


class AudioStream:
    """Sends after `play`, whenever `step` is called at the time that it last returned."""

    def __init__(self, camera: Camera, carrier: Carrier, *, now: float) -> None:
        self.numbers = Numbering(CLOCK_RATE, now)
        self._camera = camera
        self._carrier = carrier
        self._playing = self._ended = False
        self._due = now

    def play(self, now: float) -> None:
        """From now on sound is due."""
        self._playing = True
        self._due = now

    def step(self, now: float) -> float | None:
        """Sends what is due, and says when the next will be; None after the end."""
        if self._ended:
            return None
        if now - self._due > LATE_S:
            self._due = now
        if self._camera.fault not in WITHHOLDS_MEDIA and not self._carrier.congested():
            numbers = self.numbers
            time = numbers.timestamp(self._due)
            self._carrier.send([_header.pack(0x80, PAYLOAD_TYPE, numbers.sequence, time, numbers.ssrc) + TONE])
            numbers.go_on()
        self._due += PACKET_S
        return self._due

    def restart(self) -> None:
        """The encoder starts anew."""
        self.numbers.begin()

    def end(self, *, goodbye: bool = False) -> None:
        """No more packets."""
        if goodbye and self._playing and not self._ended:
            self._carrier.send_control(rtcp.goodbye(self.numbers.ssrc))
        self._ended = True
