"""One request to a camera's web server and its answer, within limits. A connection of its own for each."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pantau_agent.http.connection import Connection, connect
from pantau_agent.http.octets import FormError
from pantau_agent.http.request import request
from pantau_agent.http.response import ResponseParser
from pantau_agent.onvif.document import MAX_OCTETS
from pantau_agent.onvif.errors import NotOnvifError, SilentError
from pantau_agent.streams.failure import LookError
from pantau_agent.streams.headers import Headers
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import detail


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
    kind = f'Content-Type: application/soap+xml; charset=utf-8; action="{action}"'  # RFC 3902
    asked = request(
        "POST", url, url.path or "/", kind, "Connection: close", authorization=authorization, content=content
    )
    return await exchange(url, asked, monotonic=monotonic, timeout_s=timeout_s)


async def exchange(url: StreamUrl, asked: bytes, *, monotonic: Callable[[], float], timeout_s: float) -> Answer:
    """Sends a request, and reads what comes.

    Raises:
        SilentError: it is not reached, breaks off, or has not answered within `timeout_s`.
        NotOnvifError: it speaks no HTTP, or says too much.
    """
    try:
        async with asyncio.timeout(timeout_s):
            connection = await connect(url, monotonic, lambda _step: None)
            try:
                await connection.send(asked)
                return await _answer(connection)
            finally:
                await connection.close()
    except LookError as error:
        raise SilentError(error.failure.detail) from None
    except TimeoutError:
        raise SilentError(
            detail("no_whole_answer", address=url.host, port=url.port, seconds=f"{timeout_s:g}")
        ) from None
    except FormError as error:
        raise NotOnvifError(detail("no_connection", address=url.host, port=url.port, said=error.detail)) from None
    except OSError as error:
        broke = detail("broke", said=error.strerror or error)
        raise SilentError(detail("no_connection", address=url.host, port=url.port, said=broke)) from None


async def _answer(connection: Connection) -> Answer:
    parser = ResponseParser()
    content = bytearray()
    while not parser.complete:
        data = await connection.read()
        if not data:
            break
        content += parser.feed(data)
        if len(content) > MAX_OCTETS:
            raise NotOnvifError(detail("long_answer", octets=MAX_OCTETS))
    if parser.head is None:
        raise SilentError(detail("closed_unanswered"))
    if not parser.end():
        raise SilentError(detail("closed_in_answer"))
    return Answer(parser.head.status, parser.head.headers, bytes(content))
