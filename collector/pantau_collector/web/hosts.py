"""Which names this server answers to.

A page of somebody else can give its own name the address of this server (DNS rebinding), and a browser then
takes the two for one. It sends the name that it knows in `Host`, so any name but ours is refused.
"""

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of the machine itself."""


def host_name(header: str) -> str:
    """Return the name or address in a `Host` header or a URL's authority, in lower case and without the port."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].rstrip(".")
