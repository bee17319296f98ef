"""Connecting to a camera over TCP, with TLS or without, whatever is spoken then."""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_contract.words.evidence import detail

MAX_ADDRESSES = 4
"""Of a name's addresses, so many are tried."""
ADDRESS_S = 3.0
"""How long one of several may take."""
MAX_BYTES_PER_SECOND = 16 << 20
"""A camera that sends more is read no faster, so that it starves no other."""

Made = TypeVar("Made")
Make = Callable[[socket.socket, dict[str, Any]], Awaitable[Made]]
"""Makes a connection of a socket that is connected, and of what asyncio wants to be told for TLS."""


Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]
"""As `socket.getaddrinfo` gives it."""


async def connect(
    host: str, port: int, make: Make[Made], reached: Callable[[Step], None], *, tls: bool = False
) -> Made:
    """Connects to each of the name's addresses in turn. `reached` is told each step as it begins.

    Raises:
        LookError: the name does not resolve, or no address takes the connection; it tells of the first one.
    """
    loop = asyncio.get_running_loop()
    reached(Step.RESOLVE)
    found = await resolve(host, port)
    failures: list[Failure] = []
    for family, kind, protocol, _, address in found[:MAX_ADDRESSES]:
        reached(Step.CONNECT)
        connected = socket.socket(family, kind, protocol)
        try:
            connected.setblocking(False)
            async with asyncio.timeout(ADDRESS_S if len(found) > 1 else None):
                await loop.sock_connect(connected, address)
                if tls:
                    reached(Step.TLS)
                return await make(connected, {"ssl": _unverified(), "server_hostname": ""} if tls else {})
        except OSError as error:
            connected.close()
            failures.append(_failure_of(error, address))
        except BaseException:
            connected.close()
            raise
    raise LookError(failures[0])


async def resolve(host: str, port: int) -> Sequence[Address]:
    """The name's addresses.

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
    if isinstance(error, ssl.SSLError):
        return Failure(Step.TLS, Kind.WRONG_PROTOCOL, detail("no_tls", address=host, port=port, said=error.reason))
    said = os.strerror(error.errno) if error.errno else str(error) or detail("no_answer")
    unconnected = detail("no_connection", address=host, port=port, said=said)
    return Failure(Step.CONNECT, Kind.OS_ERROR, unconnected, errno=error.errno)


def _unverified() -> ssl.SSLContext:
    """Cameras carry certificates that they signed themselves: TLS keeps the password from listeners, no more."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(ssl.SSLError):
        context.set_ciphers("DEFAULT@SECLEVEL=0")  # old firmware has short keys
    return context
