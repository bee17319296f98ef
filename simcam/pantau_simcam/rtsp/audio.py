"""One client's audio of one camera: a tone in G.711 A-law (RFC 3551, 4.5.14), over RTP."""

import secrets
import struct

from pantau_simcam.camera import Camera
from pantau_simcam.faults import WITHHOLDS_MEDIA
from pantau_simcam.rtsp import rtcp
from pantau_simcam.rtsp.carriers import Carrier

CLOCK_RATE = 8000
PACKET_S = 0.02
PAYLOAD_TYPE = 8
TONE = (b"\x95" * 8 + b"\x15" * 8) * 10
"""A quiet square wave of 500 Hz: two of A-law's codes by turns, 20 ms of 8000 a second."""
LATE_S = 1.0

_header = struct.Struct(">BBHII")


class AudioStream:
    """Sends after `play`, whenever `step` is called at the time that it last returned."""

    def __init__(self, camera: Camera, carrier: Carrier, *, now: float) -> None:
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbelow(1 << 15)
        self._camera = camera
        self._carrier = carrier
        self._playing = self._ended = False
        self._base = secrets.randbits(32)
        self._start = self._due = now

    def timestamp(self, now: float) -> int:
        """RTP time."""
        return (self._base + round((now - self._start) * CLOCK_RATE)) & 0xFFFFFFFF

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
            head = _header.pack(0x80, PAYLOAD_TYPE, self.sequence, self.timestamp(self._due), self.ssrc)
            self._carrier.send([head + TONE])
            self.sequence = (self.sequence + 1) & 0xFFFF
        self._due += PACKET_S
        return self._due

    def restart(self) -> None:
        """The encoder starts anew: another source, other numbers, another time."""
        self.ssrc, self._base = secrets.randbits(32), secrets.randbits(32)
        self.sequence = secrets.randbelow(1 << 15)

    def end(self, *, goodbye: bool = False) -> None:
        """No more packets."""
        if goodbye and self._playing and not self._ended:
            self._carrier.send_control(rtcp.goodbye(self.ssrc))
        self._ended = True
