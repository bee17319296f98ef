"""What the rest of the collector, the wall and the API see of the city: immutable, published whole each step."""

from msgspec import Struct

from pantau_contract.states import Cause, State


class CameraView(Struct, frozen=True):
    """One camera as it is last known. `state` is `unknown` while its site's agent is gone.

    `sample_ms` is when the agent last measured it, `picture_ms` when its newest snapshot was taken; 0 is never.
    """

    id: str
    name: str
    owner: str
    maintainer: str
    project: str
    state: State
    cause: Cause | None
    since_ms: int
    detail: str = ""
    sample_ms: int = 0
    picture_ms: int = 0
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    bitrate_kbps: float | None = None
    rtp_loss_pct: float | None = None
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    firmware_note: str = ""


class SiteView(Struct, frozen=True):
    """One site and its cameras. `heard_ms` is when its agent was last heard; `gaps` counts missing batches."""

    id: str
    name: str
    online: bool
    heard_ms: int
    gaps: int
    version: str
    cameras: tuple[CameraView, ...]
    latitude: float | None = None
    longitude: float | None = None


class IncidentView(Struct, frozen=True):
    """One outage with one root cause: a camera's, a device's, a whole site's, or an uplink's (without `site`).

    `cause` is a Cause, `site_dark`, `device_down` or `uplink_down`. `acknowledged_by` is empty while nobody has
    taken it, `downtime` while it is not covered by a maintenance. `name` is a device's or uplink's for people.
    """

    id: int
    site: str
    camera: str | None
    cause: str
    cameras: tuple[str, ...]
    opened_ms: int
    resolved_ms: int | None = None
    device: str | None = None
    uplink: str | None = None
    sites: tuple[str, ...] = ()
    acknowledged_by: str = ""
    acknowledged_until_ms: int | None = None
    downtime: str = ""
    flapping: bool = False
    escalation: int = 0
    name: str = ""


class CityView(Struct, frozen=True):
    """The city at `time_ms` (UTC, collector's clock). `incidents` holds the open ones and the latest resolved."""

    time_ms: int
    sites: tuple[SiteView, ...]
    incidents: tuple[IncidentView, ...]
