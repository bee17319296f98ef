"""Asks a device whether it is there: by an ICMP echo request, or by a connection to a TCP port.

Any answer of the device itself will do: an echo reply, an accepted connection, or a refused one (RST).
"""

import asyncio
import os
import socket
import time

_ECHO_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
_ECHO_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
_PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}


class CannotAskError(Exception):
    """The question cannot be put; the text says why. It says nothing about the device."""


async def ask(host: str, port: int | None, within_s: float) -> bool:
    """Return whether a device answers: at a TCP port, or without one to an echo request.

    Raises:
        CannotAskError: the name is not known, or this user may not send echo requests.
    """
    return await asyncio.to_thread(_ask, host, port, within_s)


def _ask(host: str, port: int | None, within_s: float) -> bool:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise CannotAskError(f"the name {host!r} is not known: {error}") from None
    return _echoes(family, address, within_s) if port is None else _accepts(family, address, within_s)


def _accepts(family: int, address: tuple[object, ...], within_s: float) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(within_s)
        try:
            connection.connect(address)
        except ConnectionRefusedError:
            return True
        except OSError:  # also a timeout, or a router's word that the host is unreachable
            return False
    return True


def _echoes(family: int, address: tuple[object, ...], within_s: float) -> bool:
    """Send one echo request by an unprivileged ping socket (`icmp(7)`), and wait for its reply.

    The kernel sets the identifier and the checksum, and delivers only replies to this socket's identifier.
    """
    try:
        ping = socket.socket(family, socket.SOCK_DGRAM, _PROTOCOL[socket.AddressFamily(family)])
    except PermissionError:
        raise CannotAskError(
            "this user may not send ICMP echo requests: set net.ipv4.ping_group_range by sysctl, or give a `port`"
        ) from None
    content = os.urandom(16)
    with ping:
        try:
            ping.connect(address)
            ping.send(bytes([_ECHO_REQUEST[ping.family], 0, 0, 0, 0, 0, 0, 1]) + content)
            deadline = time.monotonic() + within_s
            while (rest_s := deadline - time.monotonic()) > 0:
                ping.settimeout(rest_s)
                reply = ping.recv(1024)
                if reply[:1] == bytes([_ECHO_REPLY[ping.family]]) and reply[8:] == content:
                    return True
        except OSError:
            return False
    return False
