"""What the pages read out of an address, within bounds."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.web.guard import refusal

MAX_NUMBER = (1 << 53) - 1
"""The largest number of an incident, and of a page, that is looked for."""


class QueryError(Exception):
    """The address asks for what there cannot be; the text says what was expected."""


def read_number(request: Request, key: str, *, least: int = 1) -> int | None:
    """Return a number of the query, or None if the address has none.

    Raises:
        QueryError: it is no number, or out of range.
    """
    text = request.query_params.get(key, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 16 or not least <= int(text) <= MAX_NUMBER:
        raise QueryError(f"{key}: expected a number from {least} to {MAX_NUMBER}")
    return int(text)


def is_stream(request: Request) -> bool:
    """Return True if the request is for a stream of events."""
    return "text/event-stream" in request.headers.get("accept", "")


def bad_request(error: Exception) -> Response:
    """Return the answer to an address that asks for what there cannot be."""
    return refusal(HTTPStatus.BAD_REQUEST, str(error))


def not_found(text: str) -> Response:
    """Return the answer where there is no such thing, or none within the principal's part of the city."""
    return refusal(HTTPStatus.NOT_FOUND, text)
