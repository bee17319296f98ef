"""A camera's RTSP stream as a source."""

from collections.abc import Callable
from dataclasses import replace

from pantau_agent.clock import Clock
from pantau_agent.http.rtsp_tunnel import TunnelConnector
from pantau_agent.rtsp.client import RtspSession
from pantau_agent.rtsp.connection import Connector
from pantau_agent.sources.target import Target
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure
from pantau_agent.streams.keyframe import MAX_KEYFRAME_BYTES, Keyframe
from pantau_agent.streams.time_limit import attentive
from pantau_contract.words.evidence import Detail, detail

_TUNNELLED = "+http"


class RtspSource:
    """One RTSP session, over TCP, or tunnelled in HTTP if the URL's scheme ends in `+http`."""

    def __init__(self, target: Target, clock: Clock) -> None:
        url = target.url
        connector: Connector | None = None
        if url.scheme.endswith(_TUNNELLED):
            url = replace(url, scheme=url.scheme.removesuffix(_TUNNELLED))
            connector = TunnelConnector(
                target.credentials, trusted=target.trusted, safeguards=target.safeguards
            ).connect
        self._session = RtspSession(
            url,
            target.credentials,
            clock.monotonic,
            trusted=target.trusted,
            keep_alive=target.keep_alive,
            safeguards=target.safeguards,
            connector=connector,
            time_limit=attentive(clock),
        )

    @property
    def codec(self) -> str | None:
        """What the camera sends; None before the session is open."""
        return self._session.codec

    @property
    def transport(self) -> str:
        """tcp, tls, udp or multicast."""
        return self._session.transport

    @property
    def started(self) -> float:
        """When connecting began."""
        return self._session.started

    @property
    def connected(self) -> float:
        """When the TCP connection was made."""
        return self._session.connected

    @property
    def accepted(self) -> bool:
        """True if the camera has accepted the password."""
        return self._session.accepted

    @property
    def failure(self) -> Failure | None:
        """Why the session ended by itself; None while it has not."""
        return self._session.failure

    async def open(self, timeout_s: float) -> None:
        """Connect and play. Raises `LookError`."""
        await self._session.open(timeout_s)

    async def refresh(self) -> None:
        """Read all that has arrived."""
        await self._session.refresh()

    async def wait(self) -> None:
        """Wait until the session ends by itself."""
        await self._session.wait()

    async def close(self) -> None:
        """End the session with a TEARDOWN."""
        await self._session.close()

    def counts(self) -> Counts:
        """Return the counts so far."""
        return self._session.counts()

    def clock(self) -> tuple[float, float] | None:
        """Return the camera's clock by its RTCP sender reports."""
        clock = self._session.sender_clock
        return None if clock.unix is None else (clock.unix, clock.heard)

    def remark(self) -> Detail:
        """Return what is odd about the stream so far."""
        reception, unit = self._session.reception, self._session.unit
        if unit.oversized or reception.size > MAX_KEYFRAME_BYTES:
            return detail("cut_picture", megabytes=MAX_KEYFRAME_BYTES >> 20)
        if not reception.packets:
            return self._no_packet_because()
        if not reception.frames:
            return detail("no_whole_frame")
        if self._session.sender_clock.bye:
            return detail("goodbye")
        return unit.problem or self._session.stray()

    def _no_packet_because(self) -> Detail:
        if self._session.reception.malformed:
            return detail("not_rtp")
        if self._session.sender_clock.reports:
            return detail("rtcp_alone")
        return detail("goodbye") if self._session.sender_clock.bye else self._session.silence()

    def request_keyframe(self, deliver: Callable[[Keyframe], None]) -> None:
        """Have the next keyframe delivered to `deliver`, once."""
        self._session.unit.request_keyframe(deliver)
