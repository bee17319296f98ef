"""Makes usable addresses from those in a camera's answers.

A camera may state an address behind a NAT, the web server's port for the stream, an address with the password in
it, or one of another host. So the host, and where it does not fit the port, are those at which the camera was
device. That also keeps the password from any other host.
"""

from dataclasses import replace

from pantau_agent import vendors
from pantau_agent.streams.url import DEFAULT_PORTS, StreamUrl, UrlError, parse

_RTSP_PORT = DEFAULT_PORTS["rtsp"]


def service_url(stated: str, device: StreamUrl) -> StreamUrl | None:
    """Return a service's address, or None if it is unusable."""
    url = _parsed(stated)
    if url is None or url.scheme not in {"http", "https"}:
        return None
    if url.host != device.host:
        return replace(device, path=url.path)
    return StreamUrl(url.scheme, url.host, url.port, url.path)


def has_odd_port(stated: str, device: StreamUrl) -> bool:
    """Return whether the port in a stream's address cannot be trusted."""
    url = _parsed(stated)
    return url is not None and (url.host != device.host or url.port in {device.port, 80, 443})


def stream_url(stated: str, device: StreamUrl, rtsp_port: int | None = None) -> str | None:
    """Return a stream's address without credentials, or None if unusable. `rtsp_port` replaces an odd port."""
    url = _parsed(stated)
    if url is None or url.scheme not in {"rtsp", "rtsps"}:
        return None
    port = url.port
    if has_odd_port(stated, device):
        port = rtsp_port or (_RTSP_PORT if url.port in {device.port, 80, 443} else url.port)
    return _safe(StreamUrl(url.scheme, device.host, port, url.path))


def still_url(stated: str, device: StreamUrl) -> str | None:
    """Return a still picture's address without credentials, or None if it is unusable or another host's."""
    url = _parsed(stated)
    if url is None or url.scheme not in {"http", "https"}:
        return None
    if url.host != device.host and "." in url.host and not url.host.replace(".", "").isdigit():
        return None  # some cameras state a vendor's picture on the internet
    port = device.port if url.host != device.host else url.port
    return _safe(StreamUrl(url.scheme, device.host, port, url.path))


def _safe(url: StreamUrl) -> str:
    return vendors.take_credentials(url.without_credentials)[0]


def _parsed(text: str) -> StreamUrl | None:
    try:
        return parse(text)
    except UrlError:
        return None
