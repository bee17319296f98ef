"""The certificate that a camera presents now, for a person to look at. Nothing follows the handshake."""

import asyncio
import socket
from typing import Any

from pantau_agent.streams import tcp
from pantau_agent.streams.safeguards import Remembered, Safeguards, endpoint

TIMEOUT_S = 10.0
"""Seconds for connecting and the handshake."""


async def presented_certificate(host: str, port: int) -> str:
    """Return the SHA-256 fingerprint, in hexadecimal, of the certificate at an address.

    Raises:
        LookError: there is no connection, or no TLS.
        TimeoutError: it did not come in time.
    """

    async def make(connected: socket.socket, tls: dict[str, Any]) -> asyncio.StreamWriter:
        return (await asyncio.open_connection(sock=connected, **tls))[1]

    seen = Remembered()
    async with asyncio.timeout(TIMEOUT_S):
        writer = await tcp.connect(
            host, port, make, lambda _step: None, tls=Safeguards(remembered=seen, learns=True)
        )
        writer.transport.abort()
    return seen.certificates[endpoint(host, port)]
