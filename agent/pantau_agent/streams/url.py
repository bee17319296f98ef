"""Stream URLs as people write them: `@ # % :` and spaces in user, password and path, quoted or not.

A URL is split into an address that may be shown and credentials that may not. The syntax is that of RFC 3986; a
text that is not valid by it is read in the way that gives a valid host and port.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from pantau_agent.streams.credentials import Credentials

DEFAULT_PORTS = {
    "rtsp": 554,
    "rtsps": 322,
    "rtsp+http": 80,
    "rtsps+http": 443,
    "http": 80,
    "https": 443,
    "rtmp": 1935,
    "rtmps": 443,
}
"""The default port of each scheme; other schemes are refused."""
MAX_URL = 2048
"""Longest URL, in characters."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?\.?")
_HOST_AND_PORT = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>\d{1,5})?)?")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SECRET_IN_PATH = re.compile(
    r"(?i)(?P<key>(?:password|passwd|pwd|pass)(?:=|%3D))(?P<secret>.*?)(?=_channel=|_stream=|&|;|\s|$)"
)
_SECRET_AFTER_USER = re.compile(r"(?P<start>[A-Za-z][A-Za-z0-9+.-]*://[^\s:/?@]*)(?::.*)?@")
_PATH_SAFE = "{}/?:@!$&'()*+,;=-._~%[]|"
"""Characters that are kept as they are in a path and query; all others are percent-encoded."""


class UrlError(ValueError):
    """A URL that cannot be used; the text says why and shows no credentials."""


@dataclass(frozen=True, slots=True)
class StreamUrl:
    """A parsed URL. `path` is percent-encoded, begins with `/` or `?` or is empty, and includes the query.

    `user` and `password` are percent-decoded; None if the URL has none. `str` and `repr` show no secret.
    """

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def credentials(self) -> Credentials | None:
        """The credentials in the URL, or None if it has none."""
        return None if self.user is None else Credentials(self.user, self.password or "")

    @property
    def without_credentials(self) -> str:
        """The URL as it is sent to the camera. A password that is part of the path (XMEye) is still in it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        authority = host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"
        return f"{self.scheme}://{authority}{self.path}"

    def __str__(self) -> str:
        shown = self.without_credentials
        if self.user is not None and "@" in self.path:
            # The `@` may belong to the password: an unquoted one with `@` and `?` or `/` has two readings.
            shown = shown.removesuffix(self.path) + "/***@" + self.path.rpartition("@")[2]
        return _SECRET_IN_PATH.sub(r"\g<key>***", shown)

    def __repr__(self) -> str:
        return f"StreamUrl({str(self)!r})"


def parse(text: str) -> StreamUrl:
    """Parse a URL.

    Raises:
        UrlError: it is not the URL of a camera's stream.
    """
    text = text.strip()
    if len(text) > MAX_URL:
        raise UrlError(f"the URL is longer than {MAX_URL} characters")
    if any(ord(character) < 0x20 or character == "\x7f" for character in text):
        raise UrlError("the URL holds a control character, as a line break or a tab")
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator:
        raise UrlError("the URL must begin with a scheme, as in rtsp://192.168.1.64:554/path")
    if scheme not in DEFAULT_PORTS:
        known = ", ".join(f"{name}://" for name in DEFAULT_PORTS)
        raise UrlError(f"the URL's scheme must be one of {known}")
    userinfo, host, port, path = _split(rest)
    user: str | None = None
    password: str | None = None
    if userinfo is not None:
        user, colon, secret = userinfo.partition(":")
        user, password = unquote(user), unquote(secret) if colon else None
    return StreamUrl(scheme, host, port or DEFAULT_PORTS[scheme], quote_path(path), user, password)


def quote_path(path: str) -> str:
    """Percent-encode what may not be in a path and query; valid escapes are kept."""
    return quote(_BARE_PERCENT.sub("%25", path), safe=_PATH_SAFE)


def redact(text: str) -> str:
    """Mask the passwords of all URLs in a text: those after the user, and those in paths as XMEye has them.

    It masks too much rather than too little: a password may hold any character, so everything up to a line's last
    `@` is masked.
    """
    return _SECRET_IN_PATH.sub(r"\g<key>***", _SECRET_AFTER_USER.sub(r"\g<start>:***@", text))


def _split(rest: str) -> tuple[str | None, str, int | None, str]:
    """Return `(userinfo, host, port, path)`. The authority ends at the first `/` or `?` after a valid host."""
    ends = [match.start() for match in re.finditer(r"[/?]", rest)] + [len(rest)]
    for end in ends[:32]:
        userinfo, at, address = rest[:end].rpartition("@")
        found = _host_and_port(address)
        if found is not None:
            return (userinfo if at else None), *found, rest[end:]
    raise UrlError("the URL has no valid host and port, as in rtsp://192.168.1.64:554/path")


def _host_and_port(address: str) -> tuple[str, int | None] | None:
    match = _HOST_AND_PORT.fullmatch(address)
    if match is None or not match["host"]:
        return None
    host, port = match["host"], match["port"]
    if port is not None and not 0 < int(port) < 65536:
        return None
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host[1:-1].replace("%25", "%"))), int(port) if port else None
        except ValueError:
            return None
    if not _HOST.fullmatch(host):
        return None
    return host, int(port) if port else None
