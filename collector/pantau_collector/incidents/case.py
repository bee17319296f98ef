"""What the stages work on: the case of a site or of an uplink, at one moment."""

from collections.abc import Mapping

from msgspec import Struct, field

from pantau_collector.fleet.model import Site
from pantau_collector.incidents.acknowledgement import AcknowledgementRequest
from pantau_collector.incidents.evaluation import Condition, Evaluation
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.proposal import Proposal
from pantau_collector.incidents.subjects import WHOLE_SITE
from pantau_collector.incidents.symptom import Symptom
from pantau_collector.incidents.topology import Devices
from pantau_collector.incidents.transition import Transition, TransitionKind


class Case(Struct):
    """The state that passes through the stages; each stage reads what the earlier ones wrote.

    `symptoms` and `open` are kept from one judgement to the next; everything else is new each time. `place` is the
    site of the case's incidents, empty for an uplink. `merged` maps a subject to the parent subject whose incident
    now includes it. `inhibited_by` is the incident of an uplink that accounts for what happens here, and
    `released_by` one that did until just now. Until `held_until_s` (attention) an incident of the whole case is
    not opened, because an uplink may turn out to be the cause.
    """

    id: str
    place: str
    symptoms: dict[str, Symptom] = field(default_factory=dict)
    open: dict[str, Incident] = field(default_factory=dict)
    requests: list[AcknowledgementRequest] = field(default_factory=list)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    inhibited_by: Incident | None = None
    held_until_s: float = 0.0
    released_by: Incident | None = None
    transitions: list[Transition] = field(default_factory=list)
    changed_incidents: list[Incident] = field(default_factory=list)
    changed_symptoms: set[str] = field(default_factory=set)
    due_s: float = float("inf")

    @property
    def subject(self) -> str:
        """The subject of the case itself: the whole site, or the uplink."""
        return WHOLE_SITE if self.place else self.id

    def symptom(self, subject: str) -> Symptom:
        """Return what is remembered of a subject, or an empty symptom."""
        return self.symptoms.get(subject) or Symptom()

    def schedule(self, at_s: float) -> None:
        """Have the case judged again at this time (attention), or earlier."""
        self.due_s = min(self.due_s, at_s)

    def schedule_at_ms(self, at_ms: int, now: Moment) -> None:
        """Have the case judged again at this time (UTC ms), or earlier."""
        self.schedule(now.s + max(0, at_ms - now.time_ms) / 1000)

    def update(self, incident: Incident) -> None:
        """Replace an open incident by its new state."""
        self.open[incident.subject] = incident
        self.changed_incidents.append(incident)

    def record(self, kind: TransitionKind, incident: Incident, now: Moment) -> None:
        """Record a step in the life of an incident."""
        self.changed_incidents.append(incident)
        self.transitions.append(Transition(kind, incident, now.time_ms))


class SiteCase(Case, kw_only=True):
    """The case of one site, with the devices between its cameras and its agent.

    `uplinks` connect the site, the nearest first.
    """

    site: Site
    devices: Devices
    uplinks: tuple[str, ...] = ()
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)

    @property
    def cameras(self) -> list[str]:
        """The ids of the site's cameras."""
        return list(self.site.cameras)

    @property
    def is_lost(self) -> bool:
        """True if it is a hard problem that the site's agent is not heard."""
        return self.symptom(WHOLE_SITE).hard_cause is not None

    @property
    def is_silent(self) -> bool:
        """True if the site's agent is not heard now, whether or not that is a hard problem yet."""
        whole = self.evaluations.get(WHOLE_SITE)
        return whole is not None and whole.condition is Condition.FAILED and whole.worked


class UplinkCase(Case, kw_only=True):
    """The case of one uplink and of all sites behind it.

    `inhibits`: the uplink's incident accounts for what happens at its sites now.
    """

    uplink: str
    branches: Mapping[str, str]
    """For each site behind the uplink, the site or further uplink that connects it here."""
    sites: Mapping[str, SiteCase]
    """The cases of all sites, also of those that are not behind the uplink."""
    uplinks: tuple[str, ...] = ()
    inhibits: bool = False
