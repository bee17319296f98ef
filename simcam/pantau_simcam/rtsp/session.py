"""What one client holds of one camera, from its first SETUP to the end: the tracks that it has set up."""

import secrets
from typing import Protocol

from pantau_simcam.camera import Camera
from pantau_simcam.rtsp.numbering import Numbering


class Stream(Protocol):
    """One track's packets."""

    numbers: Numbering

    def play(self, now: float) -> None:
        """From now on packets are due."""

    def step(self, now: float) -> float | None:
        """Sends what is due, and says when the next will be; None after the end."""

    def restart(self) -> None:
        """The encoder starts anew."""

    def end(self, *, goodbye: bool = False) -> None:
        """No more packets."""


class Session:
    """`streams` are by the name of their track. `touched` is when its last request came."""

    def __init__(self, camera: Camera, *, now: float) -> None:
        self.id = secrets.token_hex(4)
        self.camera = camera
        self.touched = now
        self.playing = False
        self.streams: dict[str, Stream] = {}
        self._ended = False
        camera.counts.opened()

    def play(self, now: float) -> None:
        """All its tracks, from now on."""
        self.playing = True
        for stream in self.streams.values():
            stream.play(now)

    def restart(self) -> None:
        """The camera's encoders start anew."""
        for stream in self.streams.values():
            stream.restart()

    def end(self, *, goodbye: bool = False) -> None:
        """No more packets; may be called twice."""
        for stream in self.streams.values():
            stream.end(goodbye=goodbye)
        self.camera.counts.open -= not self._ended
        self._ended = True
