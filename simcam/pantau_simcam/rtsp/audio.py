"""Sends one client the audio of one camera over RTP: a tone in G.711 A-law (RFC 3551, 4.5.14)."""

import struct

from pantau_simcam.camera import Camera
from pantau_simcam.faults import WITHHOLDS_MEDIA
from pantau_simcam.rtsp import rtcp
from pantau_simcam.rtsp.carriers import Carrier
from pantau_simcam.rtsp.numbering import Numbering

CLOCK_RATE = 8000
"""RTP timestamp units per second."""
PACKET_S = 0.02
"""Seconds of sound in a packet."""
PAYLOAD_TYPE = 8
TONE = (b"\x95" * 8 + b"\x15" * 8) * 10
"""One packet of a quiet 500 Hz square wave: two A-law codes alternating, 20 ms at 8000 samples per second."""
LATE_S = 1.0
"""Seconds of delay after which packets are skipped: the process was stopped, and a camera would have gone on."""

_header = struct.Struct(">BBHII")


class AudioStream:
    """Sends packets after `play`, each time `step` is called; it returns the next time."""

    def __init__(self, camera: Camera, carrier: Carrier, *, now: float) -> None:
        self.numbers = Numbering(CLOCK_RATE, now)
        self._camera = camera
        self._carrier = carrier
        self._playing = self._ended = False
        self._due = now

    def play(self, now: float) -> None:
        """Start to send."""
        self._playing = True
        self._due = now

    def step(self, now: float) -> float | None:
        """Send the packet that is due, and return when the next one is; None after the end."""
        if self._ended:
            return None
        if now - self._due > LATE_S:
            self._due = now
        if self._camera.fault not in WITHHOLDS_MEDIA and not self._carrier.congested():
            numbers = self.numbers
            time = numbers.timestamp(self._due)
            self._carrier.send([_header.pack(0x80, PAYLOAD_TYPE, numbers.sequence, time, numbers.ssrc) + TONE])
            numbers.advance()
        self._due += PACKET_S
        return self._due

    def restart(self) -> None:
        """Restart the encoder: number packets from a new random start."""
        self.numbers.restart()

    def end(self, *, goodbye: bool = False) -> None:
        """Stop to send; with `goodbye`, announce it by RTCP."""
        if goodbye and self._playing and not self._ended:
            self._carrier.send_control(rtcp.goodbye(self.numbers.ssrc))
        self._ended = True
