"""RTP and RTCP over a pair of UDP ports, of ours or of a group's (RFC 2326, 12.39; RFC 3550, 11)."""

import asyncio
import contextlib
import functools
import ipaddress
import random
import socket
import struct
from collections.abc import Callable, Sequence

from pantau_agent.rtsp.messages import Receiver
from pantau_agent.rtsp.reorder import ReorderBuffer
from pantau_agent.streams.budget import PIECES_PER_READ

MIN_PORT = 30_000
"""Lowest port for RTP."""
MAX_PORT = 59_998
"""End of the range of ports for RTP, which are even."""
MAX_TRIES = 32
"""How many random pairs of ports are tried."""
RECEIVE_BUFFER = 1 << 20
"""Size of the socket's receive buffer in bytes: a keyframe comes as one burst."""
PIECES_PER_DATAGRAM = 1 + PIECES_PER_READ
"""What a datagram counts as in the camera's budget: each is read alone."""
COUNTED_TOGETHER = 50
"""Datagrams that are counted in the budget at once."""

Spend = Callable[[int, int], float]
"""Takes octets and pieces from the camera's budget, and returns for how many seconds nothing more may be taken."""


class _Datagrams(asyncio.DatagramProtocol):
    """Datagrams of one port. While the camera's budget is used up they are dropped."""

    def __init__(
        self, senders: set[str], receiver: Receiver, monotonic: Callable[[], float], spend: Spend
    ) -> None:
        self._senders = senders
        self._receiver = receiver
        self._monotonic = monotonic
        self._spend = spend
        self._received = self._octets = 0
        self._dropped_until = 0.0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        now = self._monotonic()
        self._received += 1
        self._octets += len(data)
        if self._received >= COUNTED_TOGETHER:
            self._dropped_until = now + self._spend(self._octets, PIECES_PER_DATAGRAM * self._received)
            self._received = self._octets = 0
        if addr[0] in self._senders and now >= self._dropped_until:
            self._receiver(data, 0, len(data), now)

    def error_received(self, exc: Exception) -> None:
        """Ignore ICMP errors: they only mean that packets are missing, which is measured anyway."""


class _MediaDatagrams(_Datagrams):
    """Datagrams of RTP, which are put back in order."""

    def __init__(
        self, senders: set[str], buffer: ReorderBuffer, monotonic: Callable[[], float], spend: Spend
    ) -> None:
        self._buffer = buffer
        self._timer: asyncio.TimerHandle | None = None
        super().__init__(senders, self._buffer.receive, monotonic, spend)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        super().datagram_received(data, addr)
        if self._timer is None:
            self._set_timer()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 # asyncio's signature
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self) -> None:
        due = self._buffer.due
        if due is not None:
            wait_s = max(0.0, due - self._monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._release)

    def _release(self) -> None:
        self._timer = None
        self._buffer.release(self._monotonic())
        self._set_timer()


class UdpPair:
    """An even port for RTP and the next one for RTCP; only datagrams from the camera are accepted."""

    def __init__(self, port: int, transports: list[asyncio.DatagramTransport], senders: set[str]) -> None:
        self.port = port
        self._transports = transports
        self._senders = senders

    def accept_from(self, source: str) -> None:
        """Accept datagrams from a further address of the camera's too; ignore an invalid one."""
        with contextlib.suppress(ValueError):
            self._senders.add(str(ipaddress.ip_address(source)))

    def send_control(self, packet: bytes, address: tuple[str, int]) -> None:
        """Send an RTCP packet from the second port."""
        self._transports[1].sendto(packet, address)

    def close(self) -> None:
        """Release the ports."""
        for transport in self._transports:
            transport.close()


async def open_pair(
    local: str,
    family: socket.AddressFamily,
    sender: str,
    media: ReorderBuffer,
    control: Receiver,
    monotonic: Callable[[], float],
    spend: Spend,
) -> UdpPair:
    """Open a pair on the local address. `media` gets RTP, `control` gets RTCP.

    Raises:
        OSError: none of the ports that were tried is free.
    """
    senders = {sender}
    protocols = _protocols(senders, media, control, monotonic, spend)
    for _ in range(MAX_TRIES):
        port = random.randrange(MIN_PORT, MAX_PORT, 2)
        try:
            return await _bound(local, family, port, protocols, senders, ())
        except OSError:
            continue
    raise OSError(f"no pair of free UDP ports found in {MAX_TRIES} tries")


async def join_group(
    group: str,
    port: int,
    local: str,
    sender: str,
    media: ReorderBuffer,
    control: Receiver,
    monotonic: Callable[[], float],
    spend: Spend,
) -> UdpPair:
    """Join an IPv4 group on the interface with the local address. `media` gets RTP, `control` gets RTCP.

    Raises:
        OSError: the group cannot be joined.
    """
    senders = {sender}
    protocols = _protocols(senders, media, control, monotonic, spend)
    membership = socket.inet_aton(group) + socket.inet_aton(local)
    options = (
        (socket.SOL_SOCKET, socket.SO_REUSEADDR, struct.pack("i", 1)),  # others here may watch the same group
        (socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership),
    )
    return await _bound(group, socket.AF_INET, port, protocols, senders, options)


_Protocols = tuple[Callable[[], _Datagrams], Callable[[], _Datagrams]]


def _protocols(
    senders: set[str], media: ReorderBuffer, control: Receiver, monotonic: Callable[[], float], spend: Spend
) -> _Protocols:
    return (
        functools.partial(_MediaDatagrams, senders, media, monotonic, spend),
        functools.partial(_Datagrams, senders, control, monotonic, spend),
    )


async def _bound(
    address: str,
    family: socket.AddressFamily,
    port: int,
    protocols: _Protocols,
    senders: set[str],
    options: Sequence[tuple[int, int, bytes]],
) -> UdpPair:
    """Return a pair that is bound to a port and the next one. Raises `OSError`."""
    sockets = [socket.socket(family, socket.SOCK_DGRAM) for _ in protocols]
    transports: list[asyncio.DatagramTransport] = []
    try:
        for offset, bound in enumerate(sockets):
            bound.setblocking(False)
            with contextlib.suppress(OSError):
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            for level, option, value in options:
                bound.setsockopt(level, option, value)
            bound.bind((address, port + offset))
        for bound, protocol in zip(sockets, protocols, strict=True):
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(protocol, sock=bound)
            transports.append(transport)
    except BaseException:
        for transport in transports:
            transport.close()
        for bound in sockets:
            bound.close()
        raise
    return UdpPair(port, transports, senders)
