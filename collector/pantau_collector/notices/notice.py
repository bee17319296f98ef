"""A notice: the facts of what a recipient is notified of, before they are put into words."""

from enum import StrEnum

from msgspec import Struct


class NoticeKind(StrEnum):
    """What a notice reports.

    `escalated`: nobody has acknowledged the incident for long. `flapping`: it comes and goes, and no further
    notices of that follow. `maintenance` is about to begin; it belongs to no incident.
    """

    OPENED = "opened"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    ESCALATED = "escalated"
    FLAPPING = "flapping"
    MAINTENANCE = "maintenance"


OUTAGE_NOTICES = frozenset({NoticeKind.OPENED, NoticeKind.ESCALATED, NoticeKind.FLAPPING})
"""Kinds that report an outage. A recipient who has had one of them is notified of the outage's end."""


class NoticeCamera(Struct, frozen=True):
    """A camera that concerns the recipient. Owner and maintainer are names; they are empty if nobody is known."""

    id: str
    name: str
    owner: str = ""
    maintainer: str = ""
    project: str = ""
    site: str = ""
    site_name: str = ""


class Notice(Struct, frozen=True):
    """The facts at the time of the transition. Times are UTC ms.

    `camera` is None for an incident of more than one camera; `device` and `uplink` are the names of what has
    failed then. `state` is the camera's present state, `unknown` for everything else; `detail` is the agent's
    evidence in a few words. `by` has acknowledged the incident until `until_ms`. `level` is the level of the
    escalation, after `waited_min` minutes. `outlived`: the incident was opened during a downtime, and nobody was
    notified then. `cause_from_ms` and `cause_to_ms` are when the cause itself lasted, where that is known better
    than the outage: a loss of power, or of the line. For maintenance, `since_ms` and `until_ms` are its beginning
    and end, `detail` is its reason, and `incident` is 0.
    """

    kind: NoticeKind
    incident: int
    site: str
    site_name: str
    camera: str | None
    camera_name: str
    cause: str
    state: str
    since_ms: int
    cameras: tuple[NoticeCamera, ...]
    resolved_ms: int | None = None
    detail: str = ""
    latitude: float | None = None
    longitude: float | None = None
    device: str = ""
    uplink: str = ""
    sites: int = 1
    by: str = ""
    until_ms: int | None = None
    level: int = 0
    waited_min: float = 0
    outlived: bool = False
    cause_from_ms: int | None = None
    cause_to_ms: int | None = None

    @property
    def place(self) -> str:
        """What the notice is about, as a subject line names it: `Simpang Kabil / Kamera Timur`."""
        return self.uplink or " / ".join(part for part in (self.site_name, self.device, self.camera_name) if part)
