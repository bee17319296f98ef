"""The addresses in a camera's answers, made into such as can be used.

A camera may tell one from behind a NAT, one with the web server's port for the stream, with the password in it, or
one that leads elsewhere; so host and, where they do not fit, ports are those that it was asked at. That also keeps
the password from any host but this one.
"""

from dataclasses import replace

from pantau_agent import vendors
from pantau_agent.streams.url import DEFAULT_PORTS, StreamUrl, UrlError, parse

_RTSP_PORT = DEFAULT_PORTS["rtsp"]


def service_url(told: str, asked: StreamUrl) -> StreamUrl | None:
    """A service's address; None where it is none."""
    url = _parsed(told)
    if url is None or url.scheme not in {"http", "https"}:
        return None
    if url.host != asked.host:
        return replace(asked, path=url.path)
    return StreamUrl(url.scheme, url.host, url.port, url.path)


def has_odd_port(told: str, asked: StreamUrl) -> bool:
    """Whether the port in a stream's address is not to be believed."""
    url = _parsed(told)
    return url is not None and (url.host != asked.host or url.port in {asked.port, 80, 443})


def stream_url(told: str, asked: StreamUrl, rtsp_port: int | None = None) -> str | None:
    """A stream's address without credentials; None where it is none. `rtsp_port` goes before an odd port."""
    url = _parsed(told)
    if url is None or url.scheme not in {"rtsp", "rtsps"}:
        return None
    port = url.port
    if has_odd_port(told, asked):
        port = rtsp_port or (_RTSP_PORT if url.port in {asked.port, 80, 443} else url.port)
    return _safe(StreamUrl(url.scheme, asked.host, port, url.path))


def still_url(told: str, asked: StreamUrl) -> str | None:
    """A still picture's address without credentials; None where it is none, or another host's."""
    url = _parsed(told)
    if url is None or url.scheme not in {"http", "https"}:
        return None
    if url.host != asked.host and "." in url.host and not url.host.replace(".", "").isdigit():
        return None  # some lead to a vendor's picture on the internet
    port = asked.port if url.host != asked.host else url.port
    return _safe(StreamUrl(url.scheme, asked.host, port, url.path))


def _safe(url: StreamUrl) -> str:
    return vendors.take_credentials(url.without_credentials)[0]


def _parsed(text: str) -> StreamUrl | None:
    try:
        return parse(text)
    except UrlError:
        return None
