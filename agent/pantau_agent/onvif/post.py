"""One HTTP request to a camera's web server, on a connection of its own, and the whole response within limits."""

import asyncio
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from pantau_agent.http.connection import HttpConnection, connect
from pantau_agent.http.request import encode_request
from pantau_agent.http.response import ResponseParser
from pantau_agent.onvif.document import MAX_DOCUMENT
from pantau_agent.onvif.errors import ClosedError, NotOnvifError, SilentError, UnreachableError
from pantau_agent.streams.budget import Budget
from pantau_agent.streams.failure import LookError
from pantau_agent.streams.headers import Headers
from pantau_agent.streams.malformed import MalformedError, described
from pantau_agent.streams.safeguards import Safeguards
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import detail

_ENVELOPE_END = re.compile(rb"</(?:[\w.-]{1,128}:)?Envelope\s*>\s*\Z")
_STATUS = re.compile(rb"HTTP/1\.[01] +(\d{3})\b")
_MAX_HEAD = 64 << 10
"""Most bytes of a response beside its body."""


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
    safeguards: Safeguards | None = None,
    soap_1_1: bool = False,
) -> WholeResponse:
    """Send a SOAP message and return the response. Raises as `exchange`."""
    if soap_1_1:
        media_type = f'Content-Type: text/xml; charset=utf-8\r\nSOAPAction: "{action}"'
    else:
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
    return await exchange(url, request, monotonic=monotonic, timeout_s=timeout_s, safeguards=safeguards)


async def exchange(
    url: StreamUrl,
    request: bytes,
    *,
    monotonic: Callable[[], float],
    timeout_s: float,
    safeguards: Safeguards | None = None,
    max_content: int = MAX_DOCUMENT,
) -> WholeResponse:
    """Send a request and return the response, whose body may have `max_content` bytes.

    `safeguards` check the certificate of an https address.

    Raises:
        SilentError: the camera has not answered within `timeout_s`.
        UnreachableError: there is no connection to it.
        ClosedError: it closed the connection early.
        NotOnvifError: it does not speak HTTP, or its answer is too long.
    """
    try:
        async with asyncio.timeout(timeout_s):
            connection = await connect(url, monotonic, lambda _step: None, Budget(), safeguards)
            try:
                await connection.send(request)
                return await _read_response(connection, max_content)
            finally:
                await connection.close()
    except LookError as error:
        raise UnreachableError(error.failure.detail) from None
    except TimeoutError:
        raise SilentError(
            detail("no_whole_answer", address=url.host, port=url.port, seconds=f"{timeout_s:g}")
        ) from None
    except MalformedError as error:
        unusable = described("HTTP", error)
        raise NotOnvifError(detail("no_connection", address=url.host, port=url.port, said=unusable)) from None
    except OSError as error:
        broke = detail("broke", said=error.strerror or error)
        raise ClosedError(detail("no_connection", address=url.host, port=url.port, said=broke)) from None


async def _read_response(connection: HttpConnection, max_content: int) -> WholeResponse:
    """Return the response: as HTTP delimits it or, where that is wrong, up to the end of the SOAP envelope."""
    parser = ResponseParser()
    raw, content = bytearray(), bytearray()
    try:
        # A connection that stays open, or a length that is too long, adds nothing to a whole envelope.
        while not (parser.complete or (parser.head is not None and _ends_envelope(raw))):
            data = await connection.read()
            if not data:
                break
            raw += data
            content += parser.feed(data)
            if len(content) > max_content or len(raw) > max_content + _MAX_HEAD:
                raise NotOnvifError(detail("long_answer", octets=max_content))
    except MalformedError:
        if not _ends_envelope(raw):
            raise
    return _response(parser, bytes(raw), bytes(content))


def _response(parser: ResponseParser, raw: bytes, content: bytes) -> WholeResponse:
    """Return the response that was received as `raw`, of which the parser took `content` for the body."""
    head, has_envelope = parser.head, _ends_envelope(raw)
    if has_envelope and not _ends_envelope(content):  # the body is not delimited as the headers say
        status = _STATUS.match(raw)
        headers = head.headers if head is not None else Headers()
        return WholeResponse(int(status[1]) if status is not None else 200, headers, raw)
    if head is None:
        raise ClosedError(detail("closed_unanswered"))
    if not (has_envelope or parser.end()):
        raise ClosedError(detail("closed_in_answer"))
    return WholeResponse(head.status, head.headers, _decompressed(content, head.headers))


def _ends_envelope(data: bytes | bytearray) -> bool:
    return _ENVELOPE_END.search(data, max(0, len(data) - 256)) is not None


def _decompressed(content: bytes, headers: Headers) -> bytes:
    """Return the body without the compression that some cameras apply unasked (RFC 9110, section 8.4)."""
    if headers.get("Content-Encoding").strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        return content
    try:
        plain = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(content, MAX_DOCUMENT + 1)
    except zlib.error:
        return content  # the header may be wrong too: what the bytes are decides
    if len(plain) > MAX_DOCUMENT:
        raise NotOnvifError(detail("long_answer", octets=MAX_DOCUMENT))
    return plain
