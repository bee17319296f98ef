"""What every kind of source is to those who watch it."""

from collections.abc import Callable
from typing import Protocol

from pantau_agent.clock import Clock
from pantau_agent.sources.target import Target
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure
from pantau_agent.streams.keyframe import Keyframe
from pantau_contract.words.evidence import Detail


class Source(Protocol):
    """One visit to a camera, from `open` to `close`: a session, where its protocol has them.

    Times are monotonic, in seconds; 0 is not yet.
    """

    @property
    def codec(self) -> str | None:
        """h264, h265 or mjpeg; None while it is not known."""

    @property
    def transport(self) -> str:
        """How the media come: tcp, tls or udp."""

    @property
    def started(self) -> float:
        """When connecting began."""

    @property
    def connected(self) -> float:
        """When it was connected."""

    @property
    def accepted(self) -> bool:
        """Whether the camera has taken the password."""

    async def open(self, timeout_s: float) -> None:
        """Begins. Raises `LookError`, all ended, where it does not come to streaming within `timeout_s`."""

    async def refresh(self) -> None:
        """Reads all that has arrived, so that `counts` is up to now.

        Who calls this about each second may be spared of being woken in between, at the price of exact
        arrival times.
        """

    async def wait(self) -> None:
        """Until it ends by itself; `failure` tells why then."""

    async def close(self) -> None:
        """Ends it, politely, within a second or two. May be called twice, and while opening was cancelled."""

    @property
    def failure(self) -> Failure | None:
        """Why it ended by itself."""

    def counts(self) -> Counts:
        """What came so far."""

    def clock(self) -> tuple[float, float] | None:
        """What the camera's clock said last (seconds UTC), and when (monotonic); None where it does not say."""

    def remark(self) -> Detail:
        """What is odd about what came so far, in words; empty where nothing is."""

    def want(self, deliver: Callable[[Keyframe], None]) -> None:
        """The next keyframe goes to `deliver`, once."""


Open = Callable[[Target, Clock], Source]
"""Makes a source of its kind for a target; makes no connection yet."""
