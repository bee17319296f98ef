"""Sends WS-Discovery's probe over each network interface and to single hosts, and collects the answers."""

import asyncio
import contextlib
import socket
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psutil

from pantau_agent.onvif.discovery import PROBES, Match, matches, probe

GROUP = "239.255.255.250"
"""The multicast group of WS-Discovery."""
PORT = 3702
"""The port of WS-Discovery."""
WAIT_S = 4.0
"""Seconds to wait for answers."""
REPEATS_S = (0.0, 0.3, 1.0)
"""When the probe is sent, in seconds from the start: UDP gets lost, and SOAP-over-UDP repeats messages so."""
MAX_DEVICES = 2048
"""Most hosts that one search returns."""
MAX_OF_HOST = 16
"""Most devices of one host: a gateway or a recorder may show each of its cameras as a device."""
_MAX_DATAGRAM = 64 << 10


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface and its IPv4 address."""

    name: str
    address: str


def interfaces() -> list[Interface]:
    """Return the interfaces that are up and have an IPv4 address, except loopback."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    return [
        Interface(name, address.address)
        for name, addresses in sorted(psutil.net_if_addrs().items())
        for address in addresses
        if name in up and address.family is socket.AF_INET and not address.address.startswith("127.")
    ]


class _AnswerProtocol(asyncio.DatagramProtocol):
    """Receives the answers."""

    def __init__(self, on_match: Callable[[Match], None]) -> None:
        self._on_match = on_match

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """Process a datagram."""
        if len(data) <= _MAX_DATAGRAM:
            for match in matches(data, str(addr[0])):
                self._on_match(match)


async def search(
    over: Iterable[Interface], hosts: Iterable[str] = (), *, wait_s: float = WAIT_S, port: int = PORT
) -> list[Match]:
    """Return the devices that answered, each once, in the order of their answers, those of one host together.

    `hosts`, given by address, are also asked directly, for networks that multicast does not reach. An interface
    that cannot send is left out.
    """
    found: dict[str, list[Match]] = {}

    def add(match: Match) -> None:
        known = found.setdefault(match.url.host, []) if len(found) < MAX_DEVICES else found.get(match.url.host, [])
        if len(known) < MAX_OF_HOST and not any(match.is_of(other) for other in known):
            known.append(match)

    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        routes: list[tuple[asyncio.DatagramTransport, str]] = []
        for interface in over:
            with contextlib.suppress(OSError):
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _AnswerProtocol(add), sock=_multicast_socket(interface.address)
                )
                stack.callback(transport.close)
                routes.append((transport, GROUP))
        direct = list(hosts)
        if direct:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _AnswerProtocol(add),
                local_addr=("0.0.0.0", 0),
            )
            stack.callback(transport.close)
            routes += [(transport, host) for host in direct]
        ids = {content: str(uuid.uuid4()) for content in PROBES}
        started = loop.time()
        for at_s in REPEATS_S:
            await asyncio.sleep(max(0.0, started + min(at_s, wait_s) - loop.time()))
            for transport, host in routes:
                for content, message_id in ids.items():
                    with contextlib.suppress(OSError):
                        transport.sendto(probe(message_id, content), (host, port))
        await asyncio.sleep(max(0.0, started + wait_s - loop.time()))
    return [match for matches_of_host in found.values() for match in matches_of_host]


def _multicast_socket(address: str) -> socket.socket:
    """Return a socket that sends over the interface with that address, within its network. Raises `OSError`."""
    multicast = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        multicast.setblocking(False)
        multicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        multicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        multicast.bind((address, 0))
    except OSError:
        multicast.close()
        raise
    return multicast
