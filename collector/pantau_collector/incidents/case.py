"""What the stages work on: the case of a site or of an uplink, at one moment."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct, field

from pantau_collector.fleet.model import Site
from pantau_collector.incidents.topology import Devices, device_subject, uplink_subject
from pantau_contract.states import State

WHOLE_SITE = ""
"""The subject that is the site itself, beside its cameras' ids."""
SITE_DARK = "site_dark"
"""The cause where all of a site's cameras are down at once."""
DEVICE_DOWN = "device_down"
"""The cause where all cameras behind a recorder or switch are down at once."""
UPLINK_DOWN = "uplink_down"
"""The cause where no agent behind an uplink is heard any more."""


class Moment(NamedTuple):
    """Now: UTC milliseconds for people, seconds of attention for every rule. `attentive`: outages may open."""

    time_ms: int
    s: float
    attentive: bool = True


class Verdict(Enum):
    """What is said of a subject: working, not working, nothing that can be known, or not wanted to work."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    OFF = "off"


class Reading(NamedTuple):
    """A subject as it is now. `since_s` is when this began, by the agent's word; `told_s` when we heard."""

    verdict: Verdict
    since_s: float
    told_s: float
    state: State = State.OK
    cause: str = ""
    worked: bool = True
    first_s: float = 0.0


class Symptom(Struct):
    """What is remembered of a subject. `bad` or not since `since_s`; `trouble` is the cause that is believed.

    `changes` has a bit for each of its latest results, the newest lowest: set where it was another than the one
    before; `looked_s` and `looked_bad` are when and what the newest was. `flapping`: the changes were too many.
    """

    bad: bool = False
    since_s: float = 0.0
    trouble: str | None = None
    changes: int = 0
    looked_s: float = 0.0
    looked_bad: bool = False
    flapping: bool = False

    @property
    def plain(self) -> bool:
        """Nothing to remember."""
        return not self.bad and self.trouble is None and not self.changes


class Acknowledgement(Struct, frozen=True):
    """A person has taken it: who, when, and until when (UTC ms; None: until it is over)."""

    by: str
    at_ms: int
    until_ms: int | None = None


class Incident(Struct, frozen=True):
    """One outage with one root cause: of a camera, a device, a whole site or an uplink.

    `camera` or `device` is its id at `site`; both are None for a whole site's. For an uplink's, `uplink` is its
    id, `site` is empty, `sites` are those that it cuts off, and `cameras` are `site/camera` instead of the
    camera's id; `members` gives pairs in every case.

    `since_ms` is when it began by what the agent said, `opened_ms` when we were sure of it. `ending_s`: since when
    (attention) nothing speaks for a parent's outage any more, and `awaited` of its children are not back yet.

    `origin` is the incident that this was part of before that ended. `downtime` is the id of the maintenance that
    covers all of it, or empty. `waiting_s`: since when (attention) it has waited for somebody to take it;
    `escalation` counts the levels that it was raised to meanwhile.
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
        """The camera, `WHOLE_SITE`, or a device's or uplink's subject."""
        if self.uplink is not None:
            return uplink_subject(self.uplink)
        if self.device is not None:
            return device_subject(self.device)
        return self.camera or WHOLE_SITE

    @property
    def name(self) -> str:
        """What it is of, by ids: `kabil/cam1`, `kabil/switch1`, `kabil`, or an uplink's."""
        return self.uplink or "/".join(filter(None, (self.site, self.device, self.camera)))

    @property
    def case(self) -> str:
        """Which case it belongs to: its site's, or its uplink's."""
        return self.site if self.uplink is None else self.subject

    @property
    def members(self) -> tuple[tuple[str, str], ...]:
        """Site and id of each camera that it takes down."""
        if self.uplink is None:
            return tuple((self.site, camera) for camera in self.cameras)
        return tuple((site, camera) for site, _, camera in (name.partition("/") for name in self.cameras))


class Wanted(NamedTuple):
    """An incident that there should be: its cause, the cameras and, an uplink's, the sites that it takes down."""

    cause: str
    cameras: tuple[str, ...]
    since_ms: int
    ending_s: float | None = None
    awaited: int = 0
    sites: tuple[str, ...] = ()
    downtime: str = ""
    flapping: bool = False

    @classmethod
    def again(cls, known: Incident) -> "Wanted":
        """As it is already."""
        ending = (known.ending_s, known.awaited)
        return cls(known.cause, known.cameras, known.since_ms, *ending, known.sites)


class Kind(StrEnum):
    """What became of an incident.

    `merged`: a parent's incident speaks for it from now on. `split`: its parent's evidence has ended, this child
    stays down, and has become an incident of its own (its first step, as `opened` is others'). `changed`: cause,
    cameras or sites are others now. An incident opened in maintenance has `downtime` set; if it outlives that,
    `downtime_ended` is the moment to tell of it. `unacknowledged`: the acknowledgement ran out or was withdrawn.
    """

    OPENED = "opened"
    SPLIT = "split"
    CHANGED = "changed"
    MERGED = "merged"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    DOWNTIME_STARTED = "downtime_started"
    DOWNTIME_ENDED = "downtime_ended"
    FLAPPING_STARTED = "flapping_started"
    FLAPPING_ENDED = "flapping_ended"
    ESCALATED = "escalated"


class Transition(NamedTuple):
    """One step in an incident's life; each happens once. `incident` is as it is after it."""

    kind: Kind
    incident: Incident
    time_ms: int


class Request(NamedTuple):
    """A person asks that an incident count as taken until `until_ms` (UTC ms; None: until it is over).

    If `withdrawn`, that it no longer does.
    """

    id: int
    incident: int
    by: str
    created_ms: int
    until_ms: int | None
    withdrawn: bool


class Case(Struct):
    """What is on its way through the stages, each of which reads what the earlier ones wrote.

    `symptoms` and `open` are kept from one moment to the next; the rest is made anew. `place` is the site of its
    incidents, empty for an uplink's. `merged` says of which subject the incident ends in which other. `cover` is
    an uplink's incident that explains what becomes of it, and `released` one that no longer does; `held_s` is
    until when such a one is waited for.
    """

    id: str
    place: str
    symptoms: dict[str, Symptom] = field(default_factory=dict)
    open: dict[str, Incident] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    wanted: dict[str, Wanted] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    cover: Incident | None = None
    held_s: float = 0.0
    released: Incident | None = None
    transitions: list[Transition] = field(default_factory=list)
    changed_incidents: list[Incident] = field(default_factory=list)
    changed_symptoms: set[str] = field(default_factory=set)
    wake_s: float = float("inf")

    @property
    def subject(self) -> str:
        """What the case is of: the whole site, or the uplink."""
        return WHOLE_SITE if self.place else self.id

    def symptom(self, subject: str) -> Symptom:
        """What is remembered of a subject; a plain one if nothing is."""
        return self.symptoms.get(subject) or Symptom()

    def wake(self, at_s: float) -> None:
        """Asks to be judged again at this attention, if not earlier."""
        self.wake_s = min(self.wake_s, at_s)

    def wake_at(self, at_ms: int, now: Moment) -> None:
        """Asks to be judged again at this time."""
        self.wake(now.s + max(0, at_ms - now.time_ms) / 1000)

    def keep(self, incident: Incident) -> None:
        """Has an open incident as it is now."""
        self.open[incident.subject] = incident
        self.changed_incidents.append(incident)

    def note(self, kind: Kind, incident: Incident, now: Moment) -> None:
        """Notes what became of an incident."""
        self.changed_incidents.append(incident)
        self.transitions.append(Transition(kind, incident, now.time_ms))


class SiteCase(Case, kw_only=True):
    """One site, with what stands between its cameras and its agent; `uplinks` connect it, the nearest first."""

    site: Site
    devices: Devices
    uplinks: tuple[str, ...] = ()
    readings: Mapping[str, Reading] = field(default_factory=dict)

    @property
    def cameras(self) -> list[str]:
        """The cameras' ids."""
        return list(self.site.cameras)

    @property
    def gone(self) -> bool:
        """Whether it is believed that nothing is heard of it."""
        return self.symptom(WHOLE_SITE).trouble is not None

    @property
    def going(self) -> bool:
        """Whether it is not heard now, be that believed yet or not."""
        whole = self.readings.get(WHOLE_SITE)
        return whole is not None and whole.verdict is Verdict.BAD and whole.worked


class UplinkCase(Case, kw_only=True):
    """One uplink and all sites behind it. `speaks`: its incident explains what becomes of them now."""

    uplink: str
    branches: Mapping[str, str]
    """Each site behind it, and by which site or further uplink it is connected."""
    sites: Mapping[str, SiteCase]
    """Of all sites, also of others."""
    uplinks: tuple[str, ...] = ()
    speaks: bool = False


class SiteStage(Protocol):
    """One rule about what a site's agent tells. Pure: all it knows is the case and the moment."""

    def __call__(self, case: SiteCase, now: Moment) -> None:
        """Does its part of the case."""


class Stage(Protocol):
    """One rule about the life of incidents, whatever they are of."""

    def __call__(self, case: Case, now: Moment) -> None:
        """Does its part of the case."""
