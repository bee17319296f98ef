"""Which names this server answers to.

A page of somebody else can give its own name the address of this server (DNS rebinding), and a browser then
takes the two for one. It sends the name that it knows in `Host`, so any name but ours is refused.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of the machine itself."""


def host_name(header: str) -> str:
    """Return the name or address in a `Host` header or a URL's authority, in lower case and without the port."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text if text.count(":") > 1 else text.partition(":")[0].rstrip(".")


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return an IP address, that of IPv4 where it is written as one of IPv6, or None if the text is none."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
