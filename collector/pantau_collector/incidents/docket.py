"""The docket: every site's case, and when it is to be judged again though nothing has come."""

import heapq
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from pantau_collector.fleet.model import Site
from pantau_collector.incidents.case import Case, Incident, Moment, Stage, Symptom, Transition


class Judgement(Struct):
    """What came of a session: the sites judged, what to tell, what to keep. A symptom of None is one to forget."""

    sites: list[str] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    incidents: dict[int, Incident] = field(default_factory=dict)
    symptoms: dict[tuple[str, str], Symptom | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.incidents or self.symptoms)


class Docket:
    """Takes the cases through the stages: those of sites that have changed, and those whose time has come."""

    def __init__(
        self,
        stages: Sequence[Stage],
        *,
        open_incidents: Iterable[Incident] = (),
        symptoms: Mapping[tuple[str, str], Symptom] | None = None,
    ) -> None:
        self._stages = stages
        self._cases: dict[str, Case] = {}
        self._agenda: list[tuple[float, str]] = []
        self._open: dict[str, dict[str, Incident]] = {}
        self._symptoms: dict[str, dict[str, Symptom]] = {}
        for incident in open_incidents:
            self._open.setdefault(incident.site, {})[incident.subject] = incident
        for (site, subject), symptom in (symptoms or {}).items():
            self._symptoms.setdefault(site, {})[subject] = symptom

    def judge(self, sites: Mapping[str, Site], changed: Iterable[str], now: Moment) -> Judgement:
        """Judges every changed site, and every other whose time has come."""
        judgement = Judgement()
        for site in dict.fromkeys([*changed, *self._due(now.s)]):
            if site in sites:
                judgement.sites.append(site)
                self._judge(sites[site], now, judgement)
        return judgement

    def _judge(self, site: Site, now: Moment, judgement: Judgement) -> None:
        case = self._case(site)
        for stage in self._stages:
            stage(case, now)
        judgement.transitions += case.transitions
        for incident in case.changed_incidents:
            judgement.incidents[incident.id] = incident
        for subject in case.changed_symptoms:
            judgement.symptoms[site.id, subject] = case.symptoms.get(subject)
        if case.wake_s != float("inf"):
            heapq.heappush(self._agenda, (case.wake_s, site.id))

    def _case(self, site: Site) -> Case:
        """The site's case, with what is kept of it alone."""
        kept = self._cases.get(site.id)
        symptoms = kept.symptoms if kept else self._symptoms.pop(site.id, {})
        incidents = kept.open if kept else self._open.pop(site.id, {})
        case = self._cases[site.id] = Case(site, symptoms=symptoms, open=incidents)
        return case

    def _due(self, now_s: float) -> list[str]:
        due = []
        while self._agenda and self._agenda[0][0] <= now_s:
            wake_s, site = heapq.heappop(self._agenda)
            if site in self._cases and self._cases[site].wake_s == wake_s:
                due.append(site)
        return due
