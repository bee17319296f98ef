"""Conditional requests (RFC 9110, section 13), by which a browser does not fetch what it already has."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from starlette.requests import Request


def is_not_modified(request: Request, headers: Mapping[str, str]) -> bool:
    """Return True if the client has what these `ETag` and `Last-Modified` identify, so that 304 suffices."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return "*" in known or headers["ETag"] in known
    since, modified = request.headers.get("if-modified-since"), headers.get("Last-Modified")
    if since is None or modified is None:
        return False
    try:
        return _date(modified) <= _date(since)
    except ValueError:
        return False


def _date(text: str) -> datetime:
    date = parsedate_to_datetime(text)
    return date if date.tzinfo else date.replace(tzinfo=UTC)
