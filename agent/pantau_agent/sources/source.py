"""The interface of every kind of source."""

from collections.abc import Callable
from typing import Protocol

from pantau_agent.clock import Clock
from pantau_agent.sources.target import Target
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure
from pantau_agent.streams.keyframe import Keyframe
from pantau_contract.words.evidence import Detail


class Source(Protocol):
    """One session with a camera, from `open` to `close`.

    Times are monotonic, in seconds; 0 for not yet.
    """

    @property
    def codec(self) -> str | None:
        """h264, h265 or mjpeg; None while it is unknown."""

    @property
    def transport(self) -> str:
        """How the media are transported: tcp, tls, udp or multicast."""

    @property
    def started(self) -> float:
        """When connecting began."""

    @property
    def connected(self) -> float:
        """When the connection was made."""

    @property
    def accepted(self) -> bool:
        """True if the camera has accepted the password."""

    async def open(self, timeout_s: float) -> None:
        """Start the stream. Raises `LookError`, with all closed, if it does not stream within `timeout_s`."""

    async def refresh(self) -> None:
        """Read all that has arrived, so that `counts` is up to date.

        Called about once a second, it allows the source to sleep in between, at the price of exact arrival times.
        """

    async def wait(self) -> None:
        """Wait until the stream ends by itself; `failure` is set then."""

    async def close(self) -> None:
        """End the session properly, within a second or two. May be called twice, and if `open` was cancelled."""

    @property
    def failure(self) -> Failure | None:
        """Why the session ended by itself; None while it has not."""

    def counts(self) -> Counts:
        """Return the counts so far."""

    def clock(self) -> tuple[float, float] | None:
        """Return the camera's clock (seconds UTC) and when it was read (monotonic), or None if it has none."""

    def remark(self) -> Detail:
        """Return what is odd about the stream so far, as text; empty if nothing is."""

    def request_keyframe(self, deliver: Callable[[Keyframe], None]) -> None:
        """Have the next keyframe delivered to `deliver`, once."""


SourceFactory = Callable[[Target, Clock], Source]
"""Makes a source of its kind for a target, not yet connected."""
