"""Tells this machine from others, by the host in an address."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Return True if a host, a name or an address with or without brackets, is this machine's loopback."""
    bare = host.strip("[]").lower()
    if bare == "localhost":
        return True
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return False
