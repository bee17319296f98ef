"""A session: one browser in which somebody has signed in."""

from enum import StrEnum

from msgspec import Struct


class Method(StrEnum):
    """How somebody signed in."""

    PASSWORD = "password"  # noqa: S105 - a word, not a password
    LINK = "link"
    PROVIDER = "provider"
    TOKEN = "token"  # noqa: S105 - a word, not a token


class Session(Struct, frozen=True):
    """One browser in which somebody has signed in. `id` is the hash of what its cookie holds.

    It belongs to an account, or to the screen token of the number `token`. Times are UTC milliseconds; `ends_ms`
    is when it ends, however much it is used.
    """

    id: str
    account: str
    token: int | None
    method: Method
    created_ms: int
    seen_ms: int
    ends_ms: int
    address: str = ""
    browser: str = ""
