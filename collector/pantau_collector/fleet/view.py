"""What the rest of the collector, the wall and the API see of the city: immutable, and published as a whole."""

from msgspec import Struct

from pantau_contract.states import Cause, State


class CameraView(Struct, frozen=True):
    """The last known state of one camera. `state` is `unknown` while its site's agent is gone.

    `sample_ms` is when the agent last measured it, `picture_ms` when its newest snapshot was taken, or 0 for
    never. `owner` and `maintainer` are names for people; rights go by `owner_id`. `picture_unseen` is why the
    agent judges none of its pictures; empty if it does. `listed` is false if the inventory lists cameras, and not
    this one.
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
    picture_unseen: str = ""
    listed: bool = True
    owner_id: str = ""
    maintainer_id: str = ""


class SiteView(Struct, frozen=True):
    """One site and its cameras.

    `heard_ms` is when its agent was last heard; `gaps` counts missing batches. `configuration` is the digest of
    the configuration that the agent runs, empty if it tells none. `certificate_ends_ms` is when the first of its
    certificates ends, `certificate` which one that is: `broker`, `client` or `authority`; None if none is known.
    `actions` are the commands that the agent takes, `connection` is the name of its latest connection.
    """

    id: str
    name: str
    online: bool
    heard_ms: int
    gaps: int
    version: str
    cameras: tuple[CameraView, ...]
    latitude: float | None = None
    longitude: float | None = None
    configuration: str = ""
    certificate: str = ""
    certificate_ends_ms: int | None = None
    actions: tuple[str, ...] = ()
    connection: str = ""


class IncidentView(Struct, frozen=True):
    """One outage with one root cause: of a camera, a device, a whole site, or an uplink (without `site`).

    `cause` is a Cause, or of a parent: `site_dark`, `power_lost`, `link_lost`, `device_down`, `uplink_down`; or
    `unlisted_cameras`, of those of a site that are not in the inventory. `acknowledged_by` is empty while nobody
    has acknowledged it, `downtime` while no downtime covers it. `name` is what people call a device or uplink.
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

    @property
    def case(self) -> str:
        """What it belongs to: its site, or its uplink."""
        return self.site or f"uplink:{self.uplink}"


class CityView(Struct, frozen=True):
    """The city at `time_ms` (UTC, collector's clock). `incidents` are the open and the latest resolved ones."""

    time_ms: int
    sites: tuple[SiteView, ...]
    incidents: tuple[IncidentView, ...]
