"""Sends WS-Discovery's probe over each network interface, and to single hosts, and gathers who answers."""

import asyncio
import contextlib
import socket
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psutil

from pantau_agent.onvif.discovery import TYPES, Match, matches, probe

GROUP = "239.255.255.250"
PORT = 3702
WAIT_S = 4.0
REPEATS_S = (0.0, 0.3, 1.0)
"""UDP is lost now and then: the probe is sent as often (as SOAP-over-UDP has it)."""
MAX_DEVICES = 2048
_MAX_DATAGRAM = 64 << 10


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface and its IPv4 address."""

    name: str
    address: str


def interfaces() -> list[Interface]:
    """Those that are up and have an IPv4 address, but for loopback."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    return [
        Interface(name, address.address)
        for name, addresses in sorted(psutil.net_if_addrs().items())
        for address in addresses
        if name in up and address.family is socket.AF_INET and not address.address.startswith("127.")
    ]


class _Collector(asyncio.DatagramProtocol):
    """Takes the answers."""

    def __init__(self, take: Callable[[Match], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """A datagram has come."""
        if len(data) <= _MAX_DATAGRAM:
            for match in matches(data, str(addr[0])):
                self._take(match)


async def search(
    over: Iterable[Interface], hosts: Iterable[str] = (), *, wait_s: float = WAIT_S, port: int = PORT
) -> list[Match]:
    """Devices by their addresses' order of answering, each once.

    `hosts`, by address, are asked directly too, as where multicast does not reach. An interface that cannot send
    is left out.
    """
    found: dict[str, Match] = {}

    def take(match: Match) -> None:
        if len(found) < MAX_DEVICES:
            found.setdefault(match.url.host, match)

    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        routes: list[tuple[asyncio.DatagramTransport, str]] = []
        for interface in over:
            with contextlib.suppress(OSError):
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _Collector(take), sock=_multicast_socket(interface.address)
                )
                stack.callback(transport.close)
                routes.append((transport, GROUP))
        direct = list(hosts)
        if direct:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Collector(take),
                local_addr=("0.0.0.0", 0),
            )
            stack.callback(transport.close)
            routes += [(transport, host) for host in direct]
        ids = {kind: str(uuid.uuid4()) for kind in TYPES}
        begun = loop.time()
        for at_s in REPEATS_S:
            await asyncio.sleep(max(0.0, begun + min(at_s, wait_s) - loop.time()))
            for transport, host in routes:
                for kind, message_id in ids.items():
                    with contextlib.suppress(OSError):
                        transport.sendto(probe(message_id, kind), (host, port))
        await asyncio.sleep(max(0.0, begun + wait_s - loop.time()))
    return list(found.values())


def _multicast_socket(address: str) -> socket.socket:
    """Sends over the interface that has the address, and no further than its network. Raises `OSError`."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        made.bind((address, 0))
    except OSError:
        made.close()
        raise
    return made
