"""A camera's RTSP stream as a source."""

from collections.abc import Callable

from pantau_agent.clock import Clock
from pantau_agent.rtsp.client import Session
from pantau_agent.sources.target import Target
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure
from pantau_agent.streams.keyframe import MAX_KEYFRAME, Keyframe
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail


class RtspSource:
    """One RTSP session."""

    def __init__(self, target: Target, clock: Clock) -> None:
        self.codec: str | None = None
        self._session = Session(target.url, target.credentials, clock.monotonic, trusted=target.trusted)

    @property
    def transport(self) -> str:
        """tcp, tls or udp."""
        return self._session.transport

    @property
    def started(self) -> float:
        """When connecting began."""
        return self._session.started

    @property
    def connected(self) -> float:
        """When TCP was connected."""
        return self._session.connected

    @property
    def accepted(self) -> bool:
        """Whether the camera has taken the password."""
        return self._session.accepted

    @property
    def failure(self) -> Failure | None:
        """Why it ended by itself."""
        return self._session.failure

    async def open(self, timeout_s: float) -> None:
        """Connects and plays; raises `LookError`."""
        await self._session.open(timeout_s)
        self.codec = self._session.track.codec

    async def refresh(self) -> None:
        """Reads all that has arrived."""
        await self._session.refresh()

    async def wait(self) -> None:
        """Until the session ends by itself."""
        await self._session.wait()

    async def close(self) -> None:
        """Ends the session with a TEARDOWN."""
        await self._session.close()

    def counts(self) -> Counts:
        """What came so far."""
        return self._session.reception.snapshot()

    def clock(self) -> tuple[float, float] | None:
        """By its RTCP sender reports."""
        said = self._session.sender_clock
        return None if said.unix is None else (said.unix, said.heard)

    def remark(self) -> Detail:
        """What is odd about what came so far."""
        got = self._session.reception
        if self._session.unit.oversized or got.size > MAX_KEYFRAME:
            return detail("cut_picture", megabytes=MAX_KEYFRAME >> 20)
        if got.packets and not got.frames:
            return detail("no_whole_frame")
        if not got.packets and got.malformed:
            return detail("not_rtp")
        if not got.packets and self._session.sender_clock.reports:
            return detail("rtcp_alone")
        if self._session.sender_clock.bye:
            return detail("goodbye")
        return NO_DETAIL

    def want(self, deliver: Callable[[Keyframe], None]) -> None:
        """The next keyframe goes to `deliver`, once."""
        self._session.unit.want(deliver)
