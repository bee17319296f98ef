"""Addresses of PostgreSQL databases, and how a connection to one is secured.

libpq by itself takes a server without TLS, and gives its password to whoever answers, in clear if asked to.
"""

from collections.abc import Iterator

from sqlalchemy import URL

from pantau_service.loopback import is_loopback

VERIFIED = "verify-full"
"""The `sslmode` in which the server must prove by its certificate that it is the host in the address."""
NEVER_IN_CLEAR = "!password"
"""The `require_auth` by which a server that asks for the password in clear gets none (libpq 16 or later)."""


def is_verified(url: URL) -> bool:
    """Return True if only the database itself is connected to: it is on this machine, or must prove who it is."""
    return url.query.get("sslmode") == VERIFIED or all(map(_is_local, _hosts(url)))


def secured(url: URL, *, ca_file: str | None) -> URL:
    """Return the address with what keeps the password from others. `ca_file` holds the authorities to trust."""
    added: dict[str, str] = {}
    if ca_file is not None:
        added["sslrootcert"] = ca_file
    if url.query.get("sslmode") != VERIFIED and "require_auth" not in url.query:
        added["require_auth"] = NEVER_IN_CLEAR
    return url.update_query_dict(added)


def _hosts(url: URL) -> Iterator[str]:
    """Yield every host that libpq may connect to. A service file may name any."""
    yield url.host or ""
    for key in ("host", "hostaddr", "service"):
        values = url.query.get(key, ())
        for value in (values,) if isinstance(values, str) else values:
            yield from (f"{key}:{value}" if key == "service" else value).split(",")


def _is_local(host: str) -> bool:
    """Return True for loopback, and for a Unix socket: an empty host, a path, or an abstract name."""
    address, _, port = host.rpartition(":")
    return not host or host[0] in "/@" or is_loopback(host) or (port.isdecimal() and is_loopback(address))
