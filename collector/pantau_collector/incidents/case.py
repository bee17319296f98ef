"""What the stages work on: one site's case, at one moment."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct, field

from pantau_collector.fleet.model import Site
from pantau_contract.states import State

WHOLE_SITE = ""
"""The subject that is the site itself, beside its cameras' ids."""
SITE_DARK = "site_dark"
"""The cause where all of a site's cameras are down at once."""


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
    """What is remembered of a subject. `bad` or not since `since_s`; `trouble` is the cause that is believed."""

    bad: bool = False
    since_s: float = 0.0
    trouble: str | None = None

    @property
    def plain(self) -> bool:
        """Nothing to remember."""
        return not self.bad and self.trouble is None


class Incident(Struct, frozen=True):
    """One outage with one root cause. `camera` is None for a whole site's.

    `since_ms` is when it began by what the agent said, `opened_ms` when we were sure of it. `ending_s`: since when
    (attention) nothing speaks for a whole site's outage any more, and its cameras are awaited.
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

    @property
    def subject(self) -> str:
        """The camera, or `WHOLE_SITE`."""
        return self.camera or WHOLE_SITE


class Wanted(NamedTuple):
    """An incident that there should be: its cause, the cameras it takes down."""

    cause: str
    cameras: tuple[str, ...]
    ending_s: float | None = None


class Kind(StrEnum):
    """What became of an incident."""

    OPENED = "opened"
    CHANGED = "changed"
    MERGED = "merged"
    RESOLVED = "resolved"


class Transition(NamedTuple):
    """One step in an incident's life; each happens once. `incident` is as it is after it."""

    kind: Kind
    incident: Incident
    time_ms: int


class Case(Struct):
    """One site on its way through the stages: each reads what the earlier ones wrote.

    `symptoms` and `open` are kept from one moment to the next; the rest is made anew.
    """

    site: Site
    symptoms: dict[str, Symptom] = field(default_factory=dict)
    open: dict[str, Incident] = field(default_factory=dict)
    readings: Mapping[str, Reading] = field(default_factory=dict)
    wanted: dict[str, Wanted] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    transitions: list[Transition] = field(default_factory=list)
    changed_incidents: list[Incident] = field(default_factory=list)
    changed_symptoms: set[str] = field(default_factory=set)
    wake_s: float = float("inf")

    def symptom(self, subject: str) -> Symptom:
        """What is remembered of a subject; a plain one if nothing is."""
        return self.symptoms.get(subject) or Symptom()

    def wake(self, at_s: float) -> None:
        """Asks to be judged again at this attention, if not earlier."""
        self.wake_s = min(self.wake_s, at_s)


class Stage(Protocol):
    """One rule about outages. Pure: all it knows is the case and the moment."""

    def __call__(self, case: Case, now: Moment) -> None:
        """Does its part of the case."""
