"""Who asks."""

from typing import Literal

from msgspec import Struct

from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope

Kind = Literal["account", "token", "screen", "proxy", "machine"]


class Principal(Struct, frozen=True):
    """Somebody who has been recognised.

    `name` is what the audit log and decisions say. `session` names the browser's session, and is empty for
    programs, which send a token with each request.
    """

    name: str
    role: Role
    scope: Scope = Scope()
    kind: Kind = "account"
    session: str = ""
