"""HTTP requests as bytes (RFC 9112, section 3)."""

from pantau_agent.streams.url import DEFAULT_PORTS, StreamUrl
from pantau_contract.version import __version__


def encode_request(
    method: str, url: StreamUrl, path: str, *headers: str, authorization: str | None = None, content: bytes = b""
) -> bytes:
    """Return the request for a path at the URL's host; each of `headers` is a whole line."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host_of(url)}", f"User-Agent: Pantau/{__version__}", *headers]
    if content:
        lines.append(f"Content-Length: {len(content)}")
    if authorization is not None:
        lines.append(f"Authorization: {authorization}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


def host_of(url: StreamUrl) -> str:
    """Return the value of the Host field (RFC 9110, section 7.2)."""
    host = f"[{url.host.partition('%')[0]}]" if ":" in url.host else url.host
    return host if url.port == DEFAULT_PORTS[url.scheme] else f"{host}:{url.port}"
