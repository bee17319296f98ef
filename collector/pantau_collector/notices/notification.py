"""A notice for one recipient, until it is in a letter."""

from typing import NamedTuple

from msgspec import Struct

from pantau_collector.notices.notice import Notice, NoticeKind


class Notification(Struct, frozen=True):
    """A notice for one recipient. The same `kind` and `step` of an incident are sent to a recipient once.

    It is not sent before `ready_ms` (UTC). `held`: it waits for a digest, not for others of its kind.
    """

    recipient: str
    notice: Notice
    ready_ms: int
    held: bool = False
    step: str = ""


class PendingNotice(NamedTuple):
    """A notification that is in no letter yet. `batched`: it waits, or has waited, for others of its kind.

    `site` is that of its incident if that is a single camera's, and empty otherwise.
    """

    id: int
    incident: int
    kind: NoticeKind
    recipient: str
    ready_ms: int
    held: bool
    batched: bool
    site: str = ""
