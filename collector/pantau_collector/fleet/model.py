"""The last known state of every site and camera, as their agents reported it.

Seconds ending in `_s` are seconds of the collector's attention (see `attention.py`); times ending in `_ms` are UTC
epoch milliseconds, with the times of agents whose clock is not set already corrected.
"""

from collections.abc import Iterable

from msgspec import Struct, field

from pantau_collector.fleet.absence import Absence
from pantau_collector.fleet.sequence import Sequences
from pantau_contract.messages import DeviceAnswer, Start
from pantau_contract.states import Cause, State

DEFAULT_INTERVAL_S = 30.0
"""Seconds between two batches of a site, until its agent has reported its own interval."""


class CameraMeasures(Struct, frozen=True):
    """What the latest sample measured. It is not kept over a restart, as the next sample comes soon."""

    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    bitrate_kbps: float | None = None
    rtp_loss_pct: float | None = None
    picture_unseen: str | None = None


class Hardware(Struct, frozen=True):
    """What the camera reports about itself; `firmware_note` warns of its firmware. Empty values are unknown."""

    vendor: str = ""
    model: str = ""
    firmware: str = ""
    firmware_note: str = ""


class Camera(Struct):
    """One camera. According to its agent, `state` has lasted since `since_ms`.

    In the collector's attention that was `since_s`, and the collector learned of it at `reported_s`.

    `boot`, `seq` and `reported_ms` (by the agent's own clock, uncorrected) order the reports. `worked`: the camera
    has been seen working at least once.
    """

    id: str
    first_s: float
    name: str = ""
    state: State = State.UNKNOWN
    cause: Cause | None = Cause.STARTING
    since_ms: int = 0
    since_s: float = 0.0
    reported_s: float = field(default=0.0, name="told_s")
    detail: str = ""
    sample_ms: int = 0
    boot: str = ""
    seq: int = -1
    reported_ms: int = field(default=0, name="told_ms")
    worked: bool = False
    measures: CameraMeasures = CameraMeasures()
    hardware: Hardware = Hardware()


class Site(Struct):
    """One site. `dead`: a death came after its latest birth. `online` is what `freshness.judge` concluded.

    `absence` is when it was last not heard, and `start` the latest start of its agent, in UTC; None if not known.
    `devices` are those that the agent asks whether they answer, in UTC, by their ids. `configuration` is the
    digest of the configuration that it runs, empty if it tells none. `certificates` are when those of its link
    to the broker end (UTC ms), by their names. `actions` are the commands that it takes.
    """

    id: str
    first_s: float
    name: str = ""
    version: str = ""
    configuration: str = ""
    boot: str = ""
    past_boots: list[str] = field(default_factory=list)
    session: int = -1
    dead: bool = False
    dead_s: float = 0.0
    online: bool = True
    interval_s: float = DEFAULT_INTERVAL_S
    clock_synchronised: bool = True
    heard_ms: int = 0
    heard_s: float = 0.0
    sequences: Sequences = field(default_factory=Sequences)
    absence: Absence | None = None
    start: Start | None = None
    devices: dict[str, DeviceAnswer] = field(default_factory=dict)
    certificates: dict[str, int] = field(default_factory=dict)
    actions: tuple[str, ...] = ()
    cameras: dict[str, Camera] = field(default_factory=dict)

    @property
    def first_certificate(self) -> tuple[str, int] | None:
        """The certificate that ends first, and when (UTC ms); None if none is known."""
        return min(self.certificates.items(), key=lambda each: each[1], default=None)


class Fleet:
    """Every site by id, and which of them must be judged, shown and saved again."""

    def __init__(self, sites: Iterable[Site] = ()) -> None:
        self.sites = {site.id: site for site in sites}
        self.to_judge: set[str] = set(self.sites)
        """Sites in which more than measurements has changed."""
        self.to_show: set[str] = set(self.sites)
        """Sites from which anything has come."""
        self.unsaved: set[str] = set()
        """Sites whose changes are not saved."""
        self.unsaved_cameras: set[tuple[str, str]] = set()
        """Cameras that are new, or in which more than measurements has changed."""
        self.removed_cameras: set[tuple[str, str]] = set()
        """Cameras that their agent no longer has."""

    def site(self, site: str, now_s: float) -> Site:
        """Return the site, adding it if it is new."""
        found = self.sites.get(site)
        if found is None:
            found = self.sites[site] = Site(site, first_s=now_s, heard_s=now_s)
            self.mark_changed(found)
        return found

    def camera(self, site: Site, camera: str, now_s: float) -> Camera:
        """Return the camera, adding it if it is new."""
        found = site.cameras.get(camera)
        if found is None:
            found = site.cameras[camera] = Camera(camera, first_s=now_s, since_s=now_s, reported_s=now_s)
            self.removed_cameras.discard((site.id, camera))
            self.mark_camera_changed(site, found)
        return found

    def remove(self, site: Site, camera: str) -> None:
        """Remove a camera."""
        del site.cameras[camera]
        self.unsaved_cameras.discard((site.id, camera))
        self.removed_cameras.add((site.id, camera))
        self.mark_changed(site)

    def mark_heard(self, site: Site) -> None:
        """Mark a site from which something has come."""
        self.to_show.add(site.id)
        self.unsaved.add(site.id)

    def mark_changed(self, site: Site) -> None:
        """Mark a site whose incidents must be judged again."""
        self.mark_heard(site)
        self.to_judge.add(site.id)

    def mark_camera_changed(self, site: Site, camera: Camera) -> None:
        """Mark a site whose incidents must be judged again because of this camera."""
        self.mark_changed(site)
        self.unsaved_cameras.add((site.id, camera.id))

    def pop_to_judge(self) -> set[str]:
        """Return the sites that must be judged, and mark them as judged."""
        popped, self.to_judge = self.to_judge, set()
        return popped

    def pop_to_show(self) -> set[str]:
        """Return the sites that must be shown, and mark them as shown."""
        popped, self.to_show = self.to_show, set()
        return popped

    def mark_saved(self) -> None:
        """Mark everything as saved."""
        self.unsaved.clear()
        self.unsaved_cameras.clear()
        self.removed_cameras.clear()
