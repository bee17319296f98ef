"""On whose behalf something is done, as the audit log says it."""

from typing import NamedTuple

from sqlalchemy import Connection

from pantau_collector.access.audit_entry import COMMAND, AuditEntry
from pantau_collector.store import audit_rows


class Actor(NamedTuple):
    """Who does something: a name, a kind as in `AuditEntry`, and the address from which they ask."""

    who: str
    kind: str
    address: str = ""

    def entry(self, now_ms: int, action: str, target: str = "", detail: str = "") -> AuditEntry:
        """Return the entry of what they do."""
        return AuditEntry(now_ms, self.who, self.kind, self.address, action, target, detail)


def record(
    connection: Connection, actor: Actor, now_ms: int, action: str, target: str = "", detail: str = ""
) -> None:
    """Append to the audit log, in the transaction in which it is done."""
    audit_rows.add_entries(connection, [actor.entry(now_ms, action, target, detail)])


def on_this_machine(user: str) -> Actor:
    """Return the one who uses the command as a user of the collector's machine."""
    return Actor(user, COMMAND)
