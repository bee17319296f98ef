"""Transports for a session's packets: the RTSP connection itself, or UDP."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterable
from typing import Protocol

MAX_UNSENT = 512 << 10
"""Bytes that may wait for a client that does not read; beyond them, pictures are skipped."""

_interleaved = struct.Struct(">BBH")


class Carrier(Protocol):
    """Sends RTP and RTCP packets without ever blocking."""

    def congested(self) -> bool:
        """Return True if the client does not keep up."""

    def send(self, packets: Iterable[bytes]) -> None:
        """Send RTP packets."""

    def send_control(self, packet: bytes) -> None:
        """Send an RTCP packet."""


class InterleavedCarrier:
    """Sends within the RTSP connection (RFC 2326, 10.12): RTP on `channel`, RTCP on `control_channel`."""

    def __init__(self, transport: asyncio.WriteTransport, channel: int, control_channel: int) -> None:
        self._transport = transport
        self._channel = channel
        self._control_channel = control_channel

    def congested(self) -> bool:
        """Return True if the client does not keep up."""
        return self._transport.get_write_buffer_size() > MAX_UNSENT

    def send(self, packets: Iterable[bytes]) -> None:
        """Send RTP packets in one write."""
        pack, channel = _interleaved.pack, self._channel
        parts: list[bytes] = []
        for packet in packets:
            parts.append(pack(0x24, channel, len(packet)))
            parts.append(packet)
        self._transport.write(b"".join(parts))

    def send_control(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        self._transport.write(_interleaved.pack(0x24, self._control_channel, len(packet)) + packet)


class UdpPorts:
    """The pair of ports, even and odd, from which the server sends RTP and RTCP to all its clients."""

    def __init__(self, host: str) -> None:
        for _ in range(100):
            self.rtp = _udp_socket(host, 0)
            port = self.rtp.getsockname()[1]
            with contextlib.suppress(OSError):
                if port % 2 == 0:
                    self.rtcp = _udp_socket(host, port + 1)
                    break
            self.rtp.close()
        else:
            raise OSError(f"no even and odd pair of UDP ports is free on {host}")
        self.numbers: tuple[int, int] = (port, port + 1)

    def close(self) -> None:
        """Release both ports."""
        self.rtp.close()
        self.rtcp.close()


class UdpCarrier:
    """Sends by UDP from the server's ports to the client's."""

    def __init__(self, ports: UdpPorts, host: str, rtp_port: int, rtcp_port: int) -> None:
        self._ports = ports
        self._rtp_address = (host, rtp_port)
        self._rtcp_address = (host, rtcp_port)

    def congested(self) -> bool:
        """Return False: UDP loses what it cannot send."""
        return False

    def send(self, packets: Iterable[bytes]) -> None:
        """Send RTP packets; a full buffer or an absent client loses them, as in a network."""
        for packet in packets:
            with contextlib.suppress(OSError):
                self._ports.rtp.sendto(packet, self._rtp_address)

    def send_control(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        with contextlib.suppress(OSError):
            self._ports.rtcp.sendto(packet, self._rtcp_address)


def family_of(host: str) -> socket.AddressFamily:
    """Return the address family of an IP address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _udp_socket(host: str, port: int) -> socket.socket:
    endpoint = socket.socket(family_of(host), socket.SOCK_DGRAM)
    endpoint.setblocking(False)
    endpoint.bind((host, port))
    return endpoint
