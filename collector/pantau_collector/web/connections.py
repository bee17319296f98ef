"""Limits the connections of the web server, so that clients that are slow or idle keep nobody out.

uvicorn itself ends a connection that has been idle after an answer, and limits a request's head. It does not
limit how long a request may take to arrive, how long an answer to be fetched, or how many connections one
address has.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from pantau_collector.web.hosts import parse_address

MAX_CONNECTIONS = 512
"""Connections at once."""
MAX_OF_ADDRESS = 64
"""Connections of one address at once (of IPv6: of one /64). The machine itself, and proxies, may have all."""
HEAD_WITHIN_S = 10.0
"""Seconds within which a connection must bring the head of its next request, and then its body."""
DONE_WITHIN_S = 60.0
"""Seconds from the head of a request until its answer is fetched."""
MAX_RECEIVED = 128 << 10
"""Bytes that a connection may bring for one request, head and body."""
_CHECK_EVERY_S = 1.0


class Connections:
    """All connections of one server; it belongs to the server's event loop.

    When there is no room, the one that has been idle longest is ended in favour of the new one.
    """

    def __init__(
        self,
        *,
        unlimited: Iterable[IPv4Network | IPv6Network] = (),
        most: int = MAX_CONNECTIONS,
        most_of_address: int = MAX_OF_ADDRESS,
        head_within_s: float = HEAD_WITHIN_S,
        done_within_s: float = DONE_WITHIN_S,
    ) -> None:
        """Set the limits. Addresses within `unlimited` may have all connections."""
        self._unlimited = (ip_network("127.0.0.0/8"), ip_network("::1/128"), *unlimited)
        self._most = most
        self._most_of_address = most_of_address
        self._head_within_s = head_within_s
        self._done_within_s = done_within_s
        self._open: dict[LimitedProtocol, None] = {}
        self._of_address: Counter[str] = Counter()
        self._checking: asyncio.TimerHandle | None = None
        self.ended = 0
        """Connections that were ended or refused, since the start."""

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: "LimitedProtocol") -> None:
        """Take a new connection; it is ended at once if there is no room for it."""
        address = connection.address
        if self._of_address[address] >= self._most_of_address and not self._is_unlimited(address):
            self._make_room(connection, [each for each in self._open if each.address == address])
        elif len(self._open) >= self._most:
            self._make_room(connection, list(self._open))
        if connection.is_closing:
            return
        self._open[connection] = None
        self._of_address[address] += 1
        if self._checking is None:
            self._checking = connection.loop.call_later(_CHECK_EVERY_S, self._check, connection.loop)

    def remove(self, connection: "LimitedProtocol") -> None:
        """Forget a connection that has ended."""
        if connection not in self._open:
            return
        del self._open[connection]
        self._of_address[connection.address] -= 1
        if not self._of_address[connection.address]:
            del self._of_address[connection.address]

    def end(self, connection: "LimitedProtocol") -> None:
        """End a connection without waiting for its other end."""
        self.ended += 1
        self.remove(connection)
        connection.abort()

    def _make_room(self, connection: "LimitedProtocol", others: Iterable["LimitedProtocol"]) -> None:
        idle = [each for each in others if not each.is_busy]
        self.end(min(idle, key=lambda each: each.since_s, default=connection))

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = loop.time()
        for each in list(self._open):
            answers = each.is_busy and not each.is_receiving
            if now_s - each.since_s > (self._done_within_s if answers else self._head_within_s):
                self.end(each)
        self._checking = loop.call_later(_CHECK_EVERY_S, self._check, loop) if self._open else None

    def _is_unlimited(self, address: str) -> bool:
        found = parse_address(address.partition("/")[0])
        return found is not None and any(found in network for network in self._unlimited)


class LimitedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, for a connection that is counted.

    `since_s` (the loop's clock) is when the request under way began, or since when there is none.
    """

    limits: Connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Count the connection."""
        super().connection_made(transport)
        self.address = _address(self.client)
        self.since_s = self.loop.time()
        self._request: object = None
        self._received = 0
        self.limits.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting it."""
        self.limits.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Handle what has arrived, up to the limit for one request."""
        self._received += len(data)
        if self._received > MAX_RECEIVED:
            self.limits.end(self)
        elif not self.is_closing:
            super().data_received(data)
            self._note_request()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        if not self._has_unsent:
            self.since_s = self.loop.time()
        self._received = 0
        super().on_response_complete()
        self._note_request()

    @property
    def is_busy(self) -> bool:
        """True while a request is under way, or its answer is not fetched."""
        return (self.cycle is not None and not self.cycle.response_complete) or self._has_unsent

    @property
    def is_receiving(self) -> bool:
        """True while the body of a request has not come."""
        return self.cycle is not None and not self.cycle.response_complete and self.cycle.more_body

    @property
    def is_closing(self) -> bool:
        """True if it ends."""
        return self.transport.is_closing()

    def abort(self) -> None:
        """End it at once, and drop what is not fetched."""
        self.transport.abort()

    @property
    def _has_unsent(self) -> bool:
        return self.transport.get_write_buffer_size() > 0

    def _note_request(self) -> None:
        if self.cycle is not self._request:
            self._request, self.since_s, self._received = self.cycle, self.loop.time(), 0


def limited_protocol(limits: Connections) -> type[LimitedProtocol]:
    """Return the protocol of a server with these limits."""
    attributes: dict[str, Any] = {"limits": limits}
    return type("LimitedProtocol", (LimitedProtocol,), attributes)


def _address(client: tuple[str, int] | None) -> str:
    """Return what identifies the other end: an address, or the /64 that an IPv6 address is in."""
    found = parse_address(client[0]) if client else None
    if found is None:
        return client[0] if client else ""
    return str(found) if found.version == 4 or found.is_loopback else str(ip_network((found, 64), strict=False))
