"""The cookies of a browser: its session, that it is known, and a sign-in at the city's provider under way.

Where the connection is encrypted they are `Secure`, and their names begin with `__Host-`: then no other host of
the domain, and nobody on the way, can set one.
"""

from starlette.requests import cookie_parser

SESSION = "pantau"
"""Holds the secret of a session."""
DEVICE = "pantau-device"
"""Says in which account somebody has signed in here before."""
PROVIDER = "pantau-provider"
"""Holds what a sign-in at the city's provider must come back with."""
DEVICE_S = 400 * 86_400
"""Seconds for which a browser is known; browsers keep no cookie longer."""


def read_cookie(header: str, name: str, *, secure: bool) -> str:
    """Return the value of a cookie out of a `Cookie` header, or an empty text."""
    return cookie_parser(header).get(_full_name(name, secure=secure), "")


def set_cookie(name: str, value: str, *, secure: bool, lasts_s: int) -> str:
    """Return a `Set-Cookie` header; with `lasts_s` 0 the browser forgets the cookie."""
    end = "; Secure" if secure else ""
    return f"{_full_name(name, secure=secure)}={value}; Max-Age={lasts_s}; Path=/; HttpOnly; SameSite=Lax{end}"


def _full_name(name: str, *, secure: bool) -> str:
    return f"__Host-{name}" if secure else name
