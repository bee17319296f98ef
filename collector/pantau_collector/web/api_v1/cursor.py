"""Pages of a list. A cursor is opaque: it says after which entry the next page begins."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from pantau_collector.web.api_v1.problem import RefusedError

MAX_LIMIT = 1000
"""Entries of a page at most."""
T = TypeVar("T")
K = TypeVar("K")

Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="Entries of a page at most.")]
Cursor = Annotated[
    str,
    Meta(max_length=400, pattern="^[A-Za-z0-9_-]+$", description="What the page before gave as `next`."),
]


class Page(Struct, Generic[T], frozen=True):
    """A page of a list. `next` is the cursor of the next page; null on the last one.

    A page may have fewer entries than `limit`, even none, while there is a next one.
    """

    items: tuple[T, ...]
    next: str | None = None


class CountedPage(Struct, Generic[T], frozen=True):
    """A page of a list, whose entries on all pages are counted in `total`; see `Page`."""

    items: tuple[T, ...]
    total: int
    next: str | None = None


def encode_cursor(key: object) -> str:
    """Return the cursor of the page that begins after a key."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(key)).rstrip(b"=").decode()


def decode_cursor(cursor: str | None, kind: type[K]) -> K | None:
    """Return the key that a cursor holds, or None for the first page.

    Raises:
        RefusedError: it is no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(packed, type=kind)
    except (binascii.Error, ValueError):
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "expected the `next` of a page of this list", "cursor"
        ) from None


def page_after(
    entries: Sequence[T], after: K | None, limit: int, key: Callable[[T], K]
) -> tuple[list[T], str | None]:
    """Return the entries of a sorted list after a key, and the cursor of the next page."""
    begin = 0
    if after is not None:
        begin = next((i for i, each in enumerate(entries) if key(each) > after), len(entries))  # type: ignore[operator]
    page = list(entries[begin : begin + limit])
    has_more = begin + limit < len(entries)
    return page, encode_cursor(key(page[-1])) if has_more else None


def first(entries: Iterable[T]) -> T | None:
    """Return the first entry, or None."""
    return next(iter(entries), None)
