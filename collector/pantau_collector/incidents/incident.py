"""An incident: one outage with one root cause."""

from msgspec import Struct

from pantau_collector.incidents.acknowledgement import Acknowledgement
from pantau_collector.incidents.subjects import UNLISTED, WHOLE_SITE, device_subject, uplink_subject

SITE_DARK = "site_dark"
"""The cause of a site's incident when all of its cameras are down at once."""
DEVICE_DOWN = "device_down"
"""The cause of a device's incident when all cameras behind that recorder or switch are down at once."""
UPLINK_DOWN = "uplink_down"
"""The cause of an uplink's incident when no agent behind it is heard any more."""
UNLISTED_CAMERAS = "unlisted_cameras"
"""The cause of the one incident that the cameras of a site share which are not in the inventory."""


class Incident(Struct, frozen=True):
    """One outage with one root cause: of a camera, a device, a whole site or an uplink.

    `camera` or `device` is its id at `site`; both are None for a whole site, and for its cameras that are not
    in the inventory: their incident has the cause `UNLISTED_CAMERAS` and no other has. For an uplink, `uplink`
    is its id, `site` is empty, `sites` are the sites that it cuts off, and `cameras` holds `site/camera`
    instead of the camera's id alone; `members` returns pairs in every case.

    `since_ms` is when the outage began according to the agent, `opened_ms` when the collector was sure of it.
    `ending_s` is since when (attention) a parent's outage has no evidence any more; `awaited` of its children
    have not come back yet.

    `origin` is the incident that this one was part of before that one ended. `downtime` is the id of the downtime
    that covers the whole incident, or empty. `waiting_s` is since when (attention) it has waited for somebody to
    acknowledge it; `escalation` counts the levels that it was escalated to meanwhile.
    """

    id: int
    site: str
    camera: str | None
    cause: str
    cameras: tuple[str, ...]
    since_ms: int
    opened_ms: int
    opened_s: float
    ending_s: float | None = None
    resolved_ms: int | None = None
    device: str | None = None
    uplink: str | None = None
    sites: tuple[str, ...] = ()
    awaited: int = 0
    origin: int | None = None
    acknowledged: Acknowledgement | None = None
    downtime: str = ""
    flapping: bool = False
    waiting_s: float = 0.0
    escalation: int = 0

    @property
    def subject(self) -> str:
        """The camera, `WHOLE_SITE`, `UNLISTED`, or the subject of the device or uplink."""
        if self.uplink is not None:
            return uplink_subject(self.uplink)
        if self.device is not None:
            return device_subject(self.device)
        if self.cause == UNLISTED_CAMERAS:
            return UNLISTED
        return self.camera or WHOLE_SITE

    @property
    def name(self) -> str:
        """What the incident is about, by ids: `kabil/cam1`, `kabil/switch1`, `kabil`, or the uplink's id."""
        return self.uplink or "/".join(filter(None, (self.site, self.device, self.camera)))

    @property
    def case(self) -> str:
        """The id of the case that the incident belongs to: the site, or the uplink's subject."""
        return self.site if self.uplink is None else self.subject

    @property
    def members(self) -> tuple[tuple[str, str], ...]:
        """The site and id of each camera that the incident takes down."""
        if self.uplink is None:
            return tuple((self.site, camera) for camera in self.cameras)
        return tuple((site, camera) for site, _, camera in (name.partition("/") for name in self.cameras))
