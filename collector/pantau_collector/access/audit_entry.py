"""An entry of the audit log: who did what, or looked at what."""

from msgspec import Struct

COMMAND = "command"
"""The kind of one who uses the command on the collector's machine."""
STRANGER = "stranger"
"""The kind of one who was not recognised."""


class AuditEntry(Struct, frozen=True):
    """Who did what, or looked at what, at `time_ms` (UTC). `kind` is that of the principal, or one of the above.

    `action` is a word such as `signed_in` or `picture_seen`, or the method and path of a request that changed
    something. `target` is what it was done to. None of it is secret.
    """

    time_ms: int
    who: str
    kind: str
    address: str
    action: str
    target: str = ""
    detail: str = ""
