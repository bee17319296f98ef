"""RTP and RTCP over a pair of UDP ports, for cameras that refuse TCP (RFC 2326, 12.39; RFC 3550, 11)."""

import asyncio
import contextlib
import functools
import random
import socket
from collections.abc import Callable

from pantau_agent.rtsp.messages import Receiver

FIRST_PORT, LAST_PORT = 30_000, 59_998
TRIES = 32
RECEIVE_BUFFER = 1 << 20
"""Octets of the socket's buffer: a keyframe comes as one burst."""


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, sender: str, receiver: Receiver, monotonic: Callable[[], float]) -> None:
        self._sender = sender
        self._receiver = receiver
        self._monotonic = monotonic

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr[0] == self._sender:
            self._receiver(data, 0, len(data), self._monotonic())

    def error_received(self, exc: Exception) -> None:
        """An ICMP error says no more than that packets are missing, which is measured anyway."""


class UdpPair:
    """An even port for RTP and the next one for RTCP; only the camera's own datagrams are taken."""

    def __init__(self, port: int, transports: list[asyncio.DatagramTransport]) -> None:
        self.port = port
        self._transports = transports

    def close(self) -> None:
        """Gives the ports back."""
        for transport in self._transports:
            transport.close()


async def open_pair(
    local: str,
    family: socket.AddressFamily,
    sender: str,
    receivers: tuple[Receiver, Receiver],
    monotonic: Callable[[], float],
) -> UdpPair:
    """Opens a pair on the local address.

    Raises:
        OSError: none of the ports that were tried is free.
    """
    for _ in range(TRIES):
        port = random.randrange(FIRST_PORT, LAST_PORT, 2)
        sockets = [socket.socket(family, socket.SOCK_DGRAM) for _ in receivers]
        transports: list[asyncio.DatagramTransport] = []
        try:
            for offset, bound in enumerate(sockets):
                bound.setblocking(False)
                with contextlib.suppress(OSError):
                    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
                bound.bind((local, port + offset))
            for bound, receiver in zip(sockets, receivers, strict=True):
                transport, _protocol = await asyncio.get_running_loop().create_datagram_endpoint(
                    functools.partial(_Datagrams, sender, receiver, monotonic), sock=bound
                )
                transports.append(transport)
        except OSError:
            for transport in transports:
                transport.close()
            for bound in sockets:
                bound.close()
            continue
        return UdpPair(port, transports)
    raise OSError(f"no pair of free UDP ports found in {TRIES} tries")
