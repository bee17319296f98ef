"""The site's gateway: the way to the broker."""

import socket
import struct
from collections.abc import Sequence
from pathlib import Path

from pantau_agent.config import Device

GATEWAY = "gateway"
"""The id under which the default gateway is asked, unless the configuration has a device of that id."""
_UP_AND_GATEWAY = 0x1 | 0x2


def default_gateway(root: Path = Path("/")) -> str | None:
    """Return the IPv4 address of the default gateway by the kernel's routing table, or None if there is none.

    `proc/net/route` (proc(5)) has a line for each route: interface, destination, gateway and flags. They are in
    hexadecimal, the addresses in the machine's byte order.
    """
    try:
        lines = (root / "proc/net/route").read_text("ascii").splitlines()[1:]
    except (OSError, ValueError):
        return None
    for line in lines:
        fields = line.split()
        try:
            destination, gateway, flags = (int(field, 16) for field in fields[1:4])
        except ValueError:
            continue
        if destination == 0 and flags & _UP_AND_GATEWAY == _UP_AND_GATEWAY:
            return socket.inet_ntoa(struct.pack("=I", gateway))
    return None


def devices_of(configured: Sequence[Device], gateway: str | None) -> list[Device]:
    """Return the devices to ask: those of the configuration, and the default gateway, if there is one."""
    if gateway is None or any(device.id == GATEWAY or device.host == gateway for device in configured):
        return list(configured)
    return [*configured, Device(id=GATEWAY, host=gateway)]
