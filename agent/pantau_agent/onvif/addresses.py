"""Makes usable addresses from those in a camera's answers.

A camera may state an address behind a NAT, the web server's port for the stream, a port twice, a scheme that its
port does not speak, an address with the password in it, or one of another host. So the host, and where they do not
fit the port and the scheme, are those at which the camera was asked. That also keeps the password from any other
host. A device that was asked over TLS is asked for nothing else in clear.
"""

import re
from dataclasses import replace

from pantau_agent import vendors
from pantau_agent.streams.url import DEFAULT_PORTS, StreamUrl, UrlError, parse, quote_path

_RTSP_PORT = DEFAULT_PORTS["rtsp"]
_RTSP_SCHEMES = {"rtsp": "rtsp", "rtspt": "rtsp", "rtspu": "rtsp", "rtsph": "rtsp", "rtsps": "rtsps"}
"""Schemes of a stream's address; those with a transport in the name are RTSP all the same."""
_WEB_SCHEMES = {"http": "http", "https": "https"}
_SCHEME_OF_PORT = {80: "http", 443: "https"}
_PARTS = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,15}):)?//(?P<rest>.*)")
_DOUBLED_PORT = re.compile(r"(?P<port>:\d{1,5})(?P=port)(?=[/?]|\Z)")
_PORT_BEFORE_PORT = re.compile(r":\d{1,5}(?=:\d{1,5}(?:[/?]|\Z))")
_AUTHORITY_AND_PATH = re.compile(r"[^/?]*(?P<path>[/?].+)")


def device_url(stated: str, usual: StreamUrl) -> StreamUrl | None:
    """Return an address that a device states as its own, without credentials, or None if it is unusable.

    Where host or port are unusable, they are those of the `usual` address.
    """
    url = _parsed(stated, _WEB_SCHEMES, usual)
    return None if url is None else StreamUrl(url.scheme, url.host, url.port, url.path)


def service_url(stated: str, device: StreamUrl) -> StreamUrl | None:
    """Return a service's address, or None if it is unusable.

    Where host or port are unusable, they are those at which the device was asked.
    """
    url = _parsed(stated, _WEB_SCHEMES, device)
    if url is None:
        return None
    scheme = _scheme_of_port(url, device)
    if url.host != device.host or (device.scheme == "https" != scheme):
        return replace(device, path=url.path)
    return StreamUrl(scheme, device.host, url.port, url.path)


def moved_url(location: str, asked: StreamUrl) -> StreamUrl | None:
    """Return the address to which a camera sends a request by `Location`, or None if that is not usable.

    The host stays the camera's, whatever host it names; only scheme, port and path may change, and not out of TLS.
    """
    if location.startswith("/") and not location.startswith("//"):
        return replace(asked, path=quote_path(location))
    url = _parsed(location, _WEB_SCHEMES, asked)
    if url is None or (asked.scheme == "https" != url.scheme):
        return None
    return StreamUrl(url.scheme, asked.host, url.port, url.path)


def has_odd_port(stated: str, device: StreamUrl) -> bool:
    """Return whether the port in a stream's address cannot be trusted."""
    url = _strictly_parsed(stated)
    return url is None or url.host != device.host or url.port in {device.port, 80, 443}


def stream_url(stated: str, device: StreamUrl, rtsp_port: int | None = None) -> str | None:
    """Return a stream's address without credentials, or None if unusable. `rtsp_port` replaces an odd port."""
    url = _parsed(stated, _RTSP_SCHEMES, replace(device, scheme="rtsp", port=_RTSP_PORT))
    if url is None:
        return None
    port = url.port
    if has_odd_port(stated, device):
        port = rtsp_port or (_RTSP_PORT if url.port in {device.port, 80, 443} else url.port)
    return _safe(StreamUrl(url.scheme, device.host, port, url.path))


def still_url(stated: str, device: StreamUrl) -> str | None:
    """Return a still picture's address without credentials, or None if it is unusable or another host's."""
    url = _parsed(stated, _WEB_SCHEMES, device)
    if url is None:
        return None
    if url.host != device.host and "." in url.host and not url.host.replace(".", "").isdigit():
        return None  # some cameras state a vendor's picture on the internet
    if url.host != device.host:
        return _safe(replace(device, path=url.path))
    return _safe(StreamUrl(_scheme_of_port(url, device), device.host, url.port, url.path))


def _scheme_of_port(url: StreamUrl, device: StreamUrl) -> str:
    """Return what the address's port speaks, whatever the scheme: the device was asked at its own port by that."""
    return device.scheme if url.port == device.port else _SCHEME_OF_PORT.get(url.port, url.scheme)


def _safe(url: StreamUrl) -> str:
    return vendors.take_credentials(url.without_credentials)[0]


def _parsed(text: str, schemes: dict[str, str], device: StreamUrl) -> StreamUrl | None:
    """Return an address with one of the schemes, or None.

    `//host/path` gets the device's scheme, and a port that stands there twice is taken once. What is no URL only
    because of its host or port keeps its path, and gets host and port of the device: `http:///path`, `http://h:0/path`.
    """
    parts = _PARTS.fullmatch("".join(text.split()))
    scheme = schemes.get((parts["scheme"] or device.scheme).lower()) if parts is not None else None
    if parts is None or scheme is None:
        return None
    rest = _DOUBLED_PORT.sub(r"\g<port>", parts["rest"], count=1)
    if schemes is _RTSP_SCHEMES:
        rest = _PORT_BEFORE_PORT.sub("", rest, count=1)  # the web server's port stands before the stream's
    url = _strictly_parsed(f"{scheme}://{rest}")
    if url is not None:
        return url
    # A password may hold a slash: nothing before the last `@` is kept.
    unusable = _AUTHORITY_AND_PATH.fullmatch(rest.rpartition("@")[2])
    if unusable is None or not unusable["path"].isprintable():
        return None
    return StreamUrl(scheme, device.host, device.port, quote_path(unusable["path"]))


def _strictly_parsed(text: str) -> StreamUrl | None:
    try:
        return parse(text)
    except UrlError:
        return None
