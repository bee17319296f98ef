"""A token: by which a program asks the API, or a screen shows the wall, without a person who signs in."""

from typing import Literal

from msgspec import Struct

from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope

TokenKind = Literal["api", "screen"]


class AccessToken(Struct, frozen=True):
    """A token, without its secret. Times are UTC milliseconds; it is valid until `ends_ms` or `revoked_ms`."""

    id: int
    kind: TokenKind
    name: str
    role: Role
    scope: Scope
    by: str
    created_ms: int
    ends_ms: int
    revoked_ms: int | None = None
    used_ms: int | None = None

    def is_valid(self, now_ms: int) -> bool:
        """Return True if it may be used now."""
        return self.revoked_ms is None and now_ms < self.ends_ms
