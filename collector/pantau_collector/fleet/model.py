"""Last known state of every site and camera, as their agents told it.

Seconds ending in `_s` are of the collector's attention (see `attention.py`); times ending in `_ms` are UTC epoch
milliseconds, with the times of agents whose clock is not set already corrected.
"""

from collections.abc import Iterable

from msgspec import Struct, field

from pantau_collector.fleet.sequence import Sequences
from pantau_contract.states import Cause, State

DEFAULT_INTERVAL_S = 30.0


class Measures(Struct, frozen=True):
    """What the latest sample measured. Not kept over a restart: the next one comes within the site's interval."""

    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    bitrate_kbps: float | None = None
    rtp_loss_pct: float | None = None


class Hardware(Struct, frozen=True):
    """What the camera says it is; `firmware_note` warns of its firmware. Empty is not known, or nothing to say."""

    vendor: str = ""
    model: str = ""
    firmware: str = ""
    firmware_note: str = ""


class Camera(Struct):
    """One camera. `state` has held since `since_ms`, by the agent's word.

    In our attention that was `since_s`, and we were first told so at `told_s`.

    `boot`, `seq` and `told_ms` (the agent's own clock, uncorrected) order what is told of it. `worked`: it has
    been seen working, or was given its grace as a new camera.
    """

    id: str
    first_s: float
    name: str = ""
    state: State = State.UNKNOWN
    cause: Cause | None = Cause.STARTING
    since_ms: int = 0
    since_s: float = 0.0
    told_s: float = 0.0
    detail: str = ""
    sample_ms: int = 0
    boot: str = ""
    seq: int = -1
    told_ms: int = 0
    worked: bool = False
    measures: Measures = Measures()
    hardware: Hardware = Hardware()


class Site(Struct):
    """One site. `dead`: a death was told since its latest birth. `online` is what freshness makes of it all."""

    id: str
    first_s: float
    name: str = ""
    version: str = ""
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
    cameras: dict[str, Camera] = field(default_factory=dict)


class Fleet:
    """Every site by id; and what is to be judged, shown and saved anew."""

    def __init__(self, sites: Iterable[Site] = ()) -> None:
        self.sites = {site.id: site for site in sites}
        self.to_judge: set[str] = set(self.sites)
        """Sites of which more than figures has changed."""
        self.to_show: set[str] = set(self.sites)
        """Sites of which anything has come."""
        self.unsaved: set[str] = set()
        """Those of them that are not saved."""
        self.unsaved_cameras: set[tuple[str, str]] = set()
        """Cameras that are new, or have changed by more than figures."""
        self.removed_cameras: set[tuple[str, str]] = set()
        """Cameras that their agent no longer has."""

    def site(self, site: str, now_s: float) -> Site:
        """The site; a new one if it has never been heard of."""
        found = self.sites.get(site)
        if found is None:
            found = self.sites[site] = Site(site, first_s=now_s, heard_s=now_s)
            self.changed(found)
        return found

    def camera(self, site: Site, camera: str, now_s: float) -> Camera:
        """The camera; a new one if it has never been heard of."""
        found = site.cameras.get(camera)
        if found is None:
            found = site.cameras[camera] = Camera(camera, first_s=now_s, since_s=now_s, told_s=now_s)
            self.removed_cameras.discard((site.id, camera))
            self.camera_changed(site, found)
        return found

    def remove(self, site: Site, camera: str) -> None:
        """Forgets a camera."""
        del site.cameras[camera]
        self.unsaved_cameras.discard((site.id, camera))
        self.removed_cameras.add((site.id, camera))
        self.changed(site)

    def heard(self, site: Site) -> None:
        """Something has come of the site."""
        self.to_show.add(site.id)
        self.unsaved.add(site.id)

    def changed(self, site: Site) -> None:
        """Its incidents are to be judged anew."""
        self.heard(site)
        self.to_judge.add(site.id)

    def camera_changed(self, site: Site, camera: Camera) -> None:
        """Its incidents are to be judged anew, because of this camera."""
        self.changed(site)
        self.unsaved_cameras.add((site.id, camera.id))

    def take_to_judge(self) -> set[str]:
        """The sites to be judged; from now on they count as judged."""
        taken, self.to_judge = self.to_judge, set()
        return taken

    def take_to_show(self) -> set[str]:
        """The sites to be shown; from now on they count as shown."""
        taken, self.to_show = self.to_show, set()
        return taken

    def saved(self) -> None:
        """All is on disk."""
        self.unsaved.clear()
        self.unsaved_cameras.clear()
        self.removed_cameras.clear()
