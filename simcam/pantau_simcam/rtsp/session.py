"""One client's session with one camera, from its first SETUP to the end: the tracks that it has set up."""

import secrets
from typing import Protocol

from pantau_simcam.camera import Camera
from pantau_simcam.rtsp.numbering import Numbering


class Stream(Protocol):
    """Sends the packets of one track."""

    numbers: Numbering

    def play(self, now: float) -> None:
        """Start to send."""

    def step(self, now: float) -> float | None:
        """Send what is due, and return when the next packet is; None after the end."""

    def restart(self) -> None:
        """Restart the encoder."""

    def end(self, *, goodbye: bool = False) -> None:
        """Stop to send; with `goodbye`, announce it by RTCP."""


class Session:
    """`streams` maps track names to streams; `touched` is the time of the last request."""

    def __init__(self, camera: Camera, *, now: float) -> None:
        self.id = secrets.token_hex(4)
        self.camera = camera
        self.touched = now
        self.playing = False
        self.streams: dict[str, Stream] = {}
        self._ended = False
        camera.counts.opened()

    def play(self, now: float) -> None:
        """Start to send all tracks."""
        self.playing = True
        for stream in self.streams.values():
            stream.play(now)

    def restart(self) -> None:
        """Restart the encoders of all tracks."""
        for stream in self.streams.values():
            stream.restart()

    def end(self, *, goodbye: bool = False) -> None:
        """Stop all tracks; a second call does nothing."""
        for stream in self.streams.values():
            stream.end(goodbye=goodbye)
        self.camera.counts.open -= not self._ended
        self._ended = True
