"""One HTTP request to a camera's web server, on a connection of its own, and the whole response within limits."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pantau_agent.http.connection import HttpConnection, connect
from pantau_agent.http.request import encode_request
from pantau_agent.http.response import ResponseParser
from pantau_agent.onvif.document import MAX_DOCUMENT
from pantau_agent.onvif.errors import NotOnvifError, SilentError
from pantau_agent.streams.failure import LookError
from pantau_agent.streams.headers import Headers
from pantau_agent.streams.malformed import MalformedError, described
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import detail


@dataclass(frozen=True, slots=True)
class WholeResponse:
    """A response with its whole body."""

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
) -> WholeResponse:
    """Send a SOAP message and return the response. Raises as `exchange`."""
    media_type = f'Content-Type: application/soap+xml; charset=utf-8; action="{action}"'  # RFC 3902
    request = encode_request(
        "POST",
        url,
        url.path or "/",
        media_type,
        "Connection: close",
        authorization=authorization,
        content=content,
    )
    return await exchange(url, request, monotonic=monotonic, timeout_s=timeout_s)


async def exchange(
    url: StreamUrl, request: bytes, *, monotonic: Callable[[], float], timeout_s: float
) -> WholeResponse:
    """Send a request and return the response.

    Raises:
        SilentError: the camera is not reached, closes early, or has not answered within `timeout_s`.
        NotOnvifError: it does not speak HTTP, or its answer is too long.
    """
    try:
        async with asyncio.timeout(timeout_s):
            connection = await connect(url, monotonic, lambda _step: None)
            try:
                await connection.send(request)
                return await _read_response(connection)
            finally:
                await connection.close()
    except LookError as error:
        raise SilentError(error.failure.detail) from None
    except TimeoutError:
        raise SilentError(
            detail("no_whole_answer", address=url.host, port=url.port, seconds=f"{timeout_s:g}")
        ) from None
    except MalformedError as error:
        unusable = described("HTTP", error)
        raise NotOnvifError(detail("no_connection", address=url.host, port=url.port, said=unusable)) from None
    except OSError as error:
        broke = detail("broke", said=error.strerror or error)
        raise SilentError(detail("no_connection", address=url.host, port=url.port, said=broke)) from None


async def _read_response(connection: HttpConnection) -> WholeResponse:
    parser = ResponseParser()
    content = bytearray()
    while not parser.complete:
        data = await connection.read()
        if not data:
            break
        content += parser.feed(data)
        if len(content) > MAX_DOCUMENT:
            raise NotOnvifError(detail("long_answer", octets=MAX_DOCUMENT))
    if parser.head is None:
        raise SilentError(detail("closed_unanswered"))
    if not parser.end():
        raise SilentError(detail("closed_in_answer"))
    return WholeResponse(parser.head.status, parser.head.headers, bytes(content))
