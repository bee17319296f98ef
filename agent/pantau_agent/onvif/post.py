"""One request to a camera's web server and its answer, within limits. A connection of its own for each."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pantau_agent.failure import LookError
from pantau_agent.http.connection import Connection, connect
from pantau_agent.http.octets import FormError
from pantau_agent.http.response import ResponseParser
from pantau_agent.onvif.document import MAX_OCTETS
from pantau_agent.onvif.errors import NotOnvifError, SilentError
from pantau_agent.rtsp.messages import Headers
from pantau_agent.rtsp.url import DEFAULT_PORTS, StreamUrl
from pantau_contract.version import __version__


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of an answer."""

    status: int
    headers: Headers
    content: bytes


async def post(
    url: StreamUrl,
    content: bytes,
    *,
    action: str,
    authorization: str | None,
    monotonic: Callable[[], float],
    timeout_s: float,
) -> Answer:
    """Sends SOAP, and reads what comes. Raises as `exchange`."""
    request = _request(url, content, action, authorization)
    return await exchange(url, request, monotonic=monotonic, timeout_s=timeout_s)


async def exchange(url: StreamUrl, request: bytes, *, monotonic: Callable[[], float], timeout_s: float) -> Answer:
    """Sends a request, and reads what comes.

    Raises:
        SilentError: it is not reached, breaks off, or has not answered within `timeout_s`.
        NotOnvifError: it speaks no HTTP, or says too much.
    """
    try:
        async with asyncio.timeout(timeout_s):
            connection = await connect(url, monotonic, lambda _step: None)
            try:
                await connection.send(request)
                return await _answer(connection)
            finally:
                await connection.close()
    except LookError as error:
        raise SilentError(error.failure.detail) from None
    except TimeoutError:
        raise SilentError(f"{url.host} port {url.port}: no whole answer within {timeout_s:g} s") from None
    except FormError as error:
        raise NotOnvifError(f"{url.host} port {url.port}: {error}") from None
    except OSError as error:
        said = error.strerror or str(error)
        raise SilentError(f"{url.host} port {url.port}: the connection broke: {said}") from None


async def _answer(connection: Connection) -> Answer:
    parser = ResponseParser()
    content = bytearray()
    while not parser.complete:
        data = await connection.read()
        if not data:
            break
        content += parser.feed(data)
        if len(content) > MAX_OCTETS:
            raise NotOnvifError(f"its answer is over the limit of {MAX_OCTETS} octets")
    if parser.head is None:
        raise SilentError("it closed the connection before it answered")
    if not parser.end():
        raise SilentError("it closed the connection in the middle of its answer")
    return Answer(parser.head.status, parser.head.headers, bytes(content))


def host_header(url: StreamUrl) -> str:
    """Host and port as RFC 9110, section 7.2 has them."""
    host = f"[{url.host.partition('%')[0]}]" if ":" in url.host else url.host
    return host if url.port == DEFAULT_PORTS[url.scheme] else f"{host}:{url.port}"


def _request(url: StreamUrl, content: bytes, action: str, authorization: str | None) -> bytes:
    """RFC 9112, section 3; the action as in RFC 3902."""
    lines = [
        f"POST {url.path or '/'} HTTP/1.1",
        f"Host: {host_header(url)}",
        f"User-Agent: Pantau/{__version__}",
        f'Content-Type: application/soap+xml; charset=utf-8; action="{action}"',
        f"Content-Length: {len(content)}",
        "Connection: close",
    ]
    if authorization is not None:
        lines.append(f"Authorization: {authorization}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content
