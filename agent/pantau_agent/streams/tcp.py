"""Connect to a camera over TCP, with or without TLS, whatever protocol follows."""

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from pantau_agent.streams.certificates import CertificateError, tls_arguments
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.safeguards import Safeguards
from pantau_contract.words.evidence import detail

MAX_ADDRESSES = 4
"""How many addresses of one name are tried."""
ADDRESS_S = 3.0
"""Seconds to try one address, if there are several."""

Made = TypeVar("Made")
Make = Callable[[socket.socket, dict[str, Any]], Awaitable[Made]]
"""Makes a connection from a connected socket and from asyncio's keyword arguments for TLS."""


Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]
"""An address in the form that `socket.getaddrinfo` returns."""


async def connect(
    host: str, port: int, make: Make[Made], on_step: Callable[[Step], None], *, tls: Safeguards | None = None
) -> Made:
    """Connect to each of the name's addresses in turn. `on_step` is called with each step as it begins.

    With `tls` the connection is encrypted, and made only if the camera's certificate is right by these safeguards.

    Raises:
        LookError: the name does not resolve, or no address accepts the connection; the failure is that of the
            first.
    """
    loop = asyncio.get_running_loop()
    on_step(Step.RESOLVE)
    found = await resolve(host, port)
    failures: list[Failure] = []
    for family, kind, protocol, _, address in found[:MAX_ADDRESSES]:
        on_step(Step.CONNECT)
        connected = socket.socket(family, kind, protocol)
        try:
            connected.setblocking(False)
            async with asyncio.timeout(ADDRESS_S if len(found) > 1 else None):
                await loop.sock_connect(connected, address)
                if tls is None:
                    return await make(connected, {})
                on_step(Step.TLS)
                return await make(connected, tls_arguments(tls, host, port))
        except OSError as error:
            connected.close()
            failures.append(_failure_of(error, address))
        except BaseException:
            connected.close()
            raise
    raise LookError(failures[0])


async def resolve(host: str, port: int) -> Sequence[Address]:
    """Return the name's addresses.

    Raises:
        LookError: there are none.
    """
    try:
        return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        said = error.strerror if isinstance(error, socket.gaierror) else detail("name_invalid")
        unknown = detail("name_unknown", name=repr(host), said=said)
        raise LookError(Failure(Step.RESOLVE, Kind.NAME, unknown)) from None


def _failure_of(error: OSError, address: tuple[object, ...]) -> Failure:
    host, port = address[:2]
    if isinstance(error, CertificateError):
        return Failure(Step.TLS, Kind.CERTIFICATE, error.evidence)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(Step.TLS, Kind.CERTIFICATE, detail("certificate_unproven", said=error.verify_message))
    if isinstance(error, ssl.SSLError):
        return Failure(Step.TLS, Kind.WRONG_PROTOCOL, detail("no_tls", address=host, port=port, said=error.reason))
    said = os.strerror(error.errno) if error.errno else str(error) or detail("no_answer")
    unconnected = detail("no_connection", address=host, port=port, said=said)
    return Failure(Step.CONNECT, Kind.OS_ERROR, unconnected, errno=error.errno)
