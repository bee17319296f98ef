"""How a stream's packets come: within RTSP's connection, to ports of ours, or to a group (RFC 2326, 12.39).

A camera is asked for them in this order, until it agrees to one.
"""

import ipaddress
import re
import struct
from collections.abc import Callable
from typing import Protocol

from pantau_agent.rtsp.connection import RtspConnection
from pantau_agent.rtsp.dialogue import Dialogue, must_be_ok
from pantau_agent.rtsp.messages import RtspResponse
from pantau_agent.rtsp.reorder import ReorderBuffer
from pantau_agent.rtsp.rtp import Reception, SenderClock
from pantau_agent.rtsp.sdp import Track
from pantau_agent.rtsp.udp import UdpPair, join_group, open_pair
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

_UNKNOWN_URL = {404, 410, 454}
"""Statuses by which a camera says that it has no such track."""
_TRANSPORT_REFUSED = {400, 405, 406, 415, 451, 461, 500, 501, 502, 504, 551}
"""Statuses by which cameras refuse a transport; 461 is the right one."""
_SOURCE = re.compile(r"source\s*=\s*\"?\[?([0-9A-Fa-f.:]+)")
_DESTINATION = re.compile(r"destination\s*=\s*\"?\[?([0-9A-Fa-f.:]+)")
_INTERLEAVED = re.compile(r"interleaved\s*=\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?")
_SERVER_PORTS = re.compile(r"server_port\s*=\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?")
_GROUP_PORTS = re.compile(r"(?<!_)\bport\s*=\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?")
_UNSUPPORTED = 461
_DOLLAR = 0x24


class MediaPath(Protocol):
    """The way of one stream's packets. `transport` is tcp, tls, udp or multicast."""

    transport: str

    def send_control(self, packet: bytes) -> None:
        """Send an RTCP packet to the camera, if it takes any."""

    def silence(self) -> Detail:
        """Return what else explains that no packet comes; empty if nothing does."""

    def close(self) -> None:
        """Release what was opened."""


class InterleavedPath:
    """Packets within RTSP's connection."""

    def __init__(self, connection: RtspConnection, control_channel: int, *, tls: bool) -> None:
        self.transport = "tls" if tls else "tcp"
        self._connection = connection
        self._control_channel = control_channel

    def send_control(self, packet: bytes) -> None:
        """Send an RTCP packet in a frame (RFC 2326, 10.12)."""
        self._connection.send(struct.pack("!BBH", _DOLLAR, self._control_channel, len(packet)) + packet)

    def silence(self) -> Detail:
        """Return nothing."""
        return NO_DETAIL

    def close(self) -> None:
        """Do nothing: the connection is RTSP's."""


class UdpPath:
    """Packets in datagrams to ports of ours, or to a `group` if there is one."""

    def __init__(self, pair: UdpPair, camera: str, control_port: int, group: str = "") -> None:
        self.transport = "multicast" if group else "udp"
        self._pair = pair
        self._camera = camera
        self._control_port = control_port
        self._group = group

    def send_control(self, packet: bytes) -> None:
        """Send an RTCP packet to the camera's port, if it has told one."""
        if self._control_port:
            self._pair.send_control(packet, (self._camera, self._control_port))

    def silence(self) -> Detail:
        """Return that the network may not let the group's packets through."""
        return detail("group_silent", group=self._group) if self._group else NO_DETAIL

    def close(self) -> None:
        """Release the ports."""
        self._pair.close()


class PathFinder:
    """Agrees with a camera on the way of one track's packets.

    Packets go to `reception`, control packets to `sender_clock`. Over TLS nothing else is asked for.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        track: Track,
        reception: Reception,
        sender_clock: SenderClock,
        monotonic: Callable[[], float],
        *,
        tls: bool,
    ) -> None:
        self._dialogue = dialogue
        self._connection = dialogue.connection
        self._track = track
        self._reception = reception
        self._sender_clock = sender_clock
        self._monotonic = monotonic
        self._tls = tls
        self._control = track.control
        self._refused_by = 0

    async def set_up(self) -> tuple[MediaPath, RtspResponse]:
        """SETUP the track, and return its path and the camera's response.

        Raises:
            LookError: the camera refuses, or a way that it agrees to cannot be opened here.
        """
        response = await self._set_up_tcp()
        if response.status in _TRANSPORT_REFUSED and not self._tls:
            found = await self._set_up_udp()
            if found is None and (self._refused_by == _UNSUPPORTED or _is_group(self._track.group)):
                found = await self._set_up_group()
            if found is not None:
                return found
        must_be_ok(Step.SETUP, response)
        agreed = response.headers.get("Transport")
        channels = _INTERLEAVED.search(agreed)
        if channels is None and "client_port" in agreed:
            found = None if self._tls else await self._set_up_udp()
            if found is None:
                raise LookError(Failure(Step.SETUP, Kind.NO_VIDEO, detail("udp_in_place_of_tcp")))
            return found[0], response
        rtp = int(channels[1]) if channels else 0
        rtcp = int(channels[2]) if channels and channels[2] else rtp + 1
        self._connection.demultiplexer.channels.update(
            {rtcp: self._sender_clock.receive, rtp: self._reception.receive}
        )
        return InterleavedPath(self._connection, rtcp, tls=self._tls), response

    async def _set_up_tcp(self) -> RtspResponse:
        """SETUP the track over TCP, by the URL that the camera knows it by."""
        transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
        response = await self._request(transport)
        if response.status in _UNKNOWN_URL and self._track.other_control:
            self._control = self._track.other_control
            other = await self._request(transport)
            if other.status not in _UNKNOWN_URL:
                return other
            self._control = self._track.control
        return response

    async def _set_up_udp(self) -> tuple[MediaPath, RtspResponse] | None:
        """SETUP the track over UDP; None if the camera does not agree, and nothing has changed then."""
        camera = self._connection.peer()
        try:
            pair = await open_pair(
                *self._connection.local(),
                camera,
                self._reordered(),
                self._sender_clock.receive,
                self._monotonic,
                self._connection.spend,
            )
        except OSError as error:
            no_port = detail("no_udp_port", said=error)
            raise LookError(Failure(Step.SETUP, Kind.OS_ERROR, no_port, errno=error.errno)) from None
        try:
            response = await self._request(f"RTP/AVP;unicast;client_port={pair.port}-{pair.port + 1}")
        except BaseException:
            pair.close()
            raise
        if response.status >= 300:
            pair.close()
            self._refused_by = response.status
            return None
        agreed = response.headers.get("Transport")
        if (source := _SOURCE.search(agreed)) is not None:
            pair.accept_from(source[1])
        return UdpPath(pair, camera, _second_port(_SERVER_PORTS, agreed)), response

    async def _set_up_group(self) -> tuple[MediaPath, RtspResponse] | None:
        """SETUP the track by multicast; None if the camera does not agree."""
        response = await self._request("RTP/AVP;multicast")
        if response.status >= 300:
            return None
        agreed = response.headers.get("Transport")
        destination, ports = _DESTINATION.search(agreed), _GROUP_PORTS.search(agreed)
        group = destination[1] if destination is not None else self._track.group
        port = int(ports[1]) if ports is not None else self._track.port
        if not (_is_group(group) and 0 < port < 65535):
            raise LookError(Failure(Step.SETUP, Kind.NO_VIDEO, detail("no_group", group=f"{group or '?'}:{port}")))
        camera = self._connection.peer()
        try:
            pair = await join_group(
                group,
                port,
                self._connection.local()[0],
                camera,
                self._reordered(),
                self._sender_clock.receive,
                self._monotonic,
                self._connection.spend,
            )
        except OSError as error:
            unjoined = detail("group_unjoined", group=f"{group}:{port}", said=error.strerror or error)
            raise LookError(Failure(Step.SETUP, Kind.OS_ERROR, unjoined, errno=error.errno)) from None
        if (source := _SOURCE.search(agreed)) is not None:
            pair.accept_from(source[1])
        return UdpPath(pair, camera, 0, f"{group}:{port}"), response

    def _reordered(self) -> ReorderBuffer:
        return ReorderBuffer(self._reception.receive, self._track.payload_type)

    async def _request(self, transport: str) -> RtspResponse:
        return await self._dialogue.request("SETUP", self._control, {"Transport": transport}, step=Step.SETUP)


def _is_group(address: str) -> bool:
    """Return whether this is the IPv4 address of a group."""
    try:
        return ipaddress.IPv4Address(address).is_multicast
    except ValueError:
        return False


def _second_port(ports: re.Pattern[str], agreed: str) -> int:
    """Return the port of RTCP; 0 if the camera names none."""
    found = ports.search(agreed)
    return int(found[2] or int(found[1]) + 1) & 0xFFFF if found is not None else 0
