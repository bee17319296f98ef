"""The docket: every case, and when it is to be judged again though nothing has come."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from pantau_collector.fleet.model import Site
from pantau_collector.incidents.case import (
    WHOLE_SITE,
    Case,
    Incident,
    Moment,
    Request,
    SiteCase,
    Symptom,
    Transition,
    UplinkCase,
)
from pantau_collector.incidents.stages import Stages
from pantau_collector.incidents.topology import Topology, uplink_subject


class Judgement(Struct):
    """What came of a session: the sites judged, what to tell, what to keep. A symptom of None is one to forget."""

    sites: list[str] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    incidents: dict[int, Incident] = field(default_factory=dict)
    symptoms: dict[tuple[str, str], Symptom | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.incidents or self.symptoms)


class Scheduler:
    """Takes the cases through the stages: those of what has changed, and those whose time has come.

    Sites' evidence comes first; then each uplink behind which something was judged, the furthest first, for a
    nearer one may be explained by it; then the life of the incidents of all these sites, and of those for which
    an uplink has begun or ceased to speak.
    """

    def __init__(
        self,
        stages: Stages,
        topology: Topology,
        *,
        open_incidents: Iterable[Incident] = (),
        symptoms: Mapping[tuple[str, str], Symptom] | None = None,
    ) -> None:
        self._stages = stages
        self._topology = topology
        self._sites: dict[str, SiteCase] = {}
        self._uplinks: dict[str, UplinkCase] = {}
        self._agenda: list[tuple[float, str]] = []
        self._covers: dict[str, Incident] = {}
        self._released: dict[str, Incident] = {}
        self._lost: set[str] = set()
        self._lost_behind: Counter[str] = Counter()
        self._open: dict[str, dict[str, Incident]] = {}
        self._symptoms: dict[str, dict[str, Symptom]] = {}
        for incident in open_incidents:
            self._open.setdefault(incident.case, {})[incident.subject] = incident
        for (case, subject), symptom in (symptoms or {}).items():
            self._symptoms.setdefault(case, {})[subject] = symptom
        gone = {each.uplink for opened in self._open.values() for each in opened.values() if each.uplink}
        branches = topology.branches()
        for uplink in {**branches, **dict.fromkeys(gone - branches.keys())}:
            self._add_uplink(uplink, branches.get(uplink, {}))
        self._order = sorted(self._uplinks, key=lambda each: len(self._uplinks[each].uplinks))
        self._unjudged = set(self._order)

    @property
    def next_s(self) -> float:
        """When the next case is to be judged, though nothing comes (attention)."""
        return self._agenda[0][0] if self._agenda else float("inf")

    def judge(
        self,
        sites: Mapping[str, Site],
        changed: Iterable[str],
        now: Moment,
        *,
        requests: Mapping[str, Sequence[Request]] | None = None,
        also: Iterable[str] = (),
    ) -> Judgement:
        """Judges every changed site, every case whose time has come or that is asked of, and those of `also`."""
        requests = requests or {}
        judgement = Judgement()
        self._released = {}
        due = dict.fromkeys([*changed, *self._due(now.s), *requests, *also])
        for site in due:
            if site in sites:
                self._hear(sites[site], now)
        judged = [site for site in due if site in sites]
        for site in self._judge_uplinks(judged, due, now, requests, judgement):
            if site in sites and site not in due:
                self._hear(sites[site], now)
                judged.append(site)
        for site in judged:
            judgement.sites.append(site)
            self._judge_site(self._sites[site], now, requests.get(site, ()), judgement)
        return judgement

    def _hear(self, site: Site, now: Moment) -> None:
        case = self._site_case(site)
        for stage in self._stages.site:
            stage(case, now)
        if case.gone != (site.id in self._lost):
            self._lost ^= {site.id}
            for uplink in case.uplinks:
                self._lost_behind[uplink_subject(uplink)] += 1 if case.gone else -1

    def _judge_uplinks(
        self,
        judged: Iterable[str],
        due: Iterable[str],
        now: Moment,
        requests: Mapping[str, Sequence[Request]],
        judgement: Judgement,
    ) -> set[str]:
        """The sites for which an uplink has begun or ceased to speak, or that have lost one."""
        if not self._order:
            return set()
        touched = {uplink_subject(each) for site in judged for each in self._topology.uplinks_of(site)}
        touched.update(each for each in due if each in self._uplinks)
        touched |= self._unjudged
        self._unjudged = set()
        concerned: set[str] = set()
        for uplink in self._order:
            if uplink not in touched or self._is_idle(uplink):
                continue
            case = self._uplink_case(uplink)
            case.requests = list(requests.get(uplink, ()))
            before = case.open.get(uplink) if case.speaks else None
            case.speaks = False
            self._stages.uplink(case, now)
            self._hold(case, case.branches, now)
            self._live(case, now, judgement)
            after = case.open.get(uplink) if case.speaks else None
            if after is not before:
                concerned |= self._cover(before, after)
                touched |= {each for each in self._order if case.uplink in self._uplinks[each].uplinks}
        return concerned

    def _is_idle(self, uplink: str) -> bool:
        """Whether nothing is lost behind it, and nothing is to be ended: most uplinks, most of the time."""
        kept = self._uplinks[uplink]
        return not (self._lost_behind[uplink] or kept.open or kept.symptoms)

    def _cover(self, before: Incident | None, after: Incident | None) -> set[str]:
        """From now on an uplink's incident speaks for its sites, and no longer for those that it spoke for."""
        were, are = (set(each.sites) if each else set() for each in (before, after))
        concerned = were - are
        concerned |= {site for site in are if not _same(self._covers.get(site), after)}
        for site in were:
            if before is not None and _same(self._covers.get(site), before):
                del self._covers[site]
                self._released[site] = before
        if after is not None:
            self._covers.update(dict.fromkeys(are, after))
        return concerned

    def _judge_site(self, case: SiteCase, now: Moment, requests: Sequence[Request], judgement: Judgement) -> None:
        case.cover = self._covers.get(case.id)
        case.released = None if case.cover else self._released.get(case.id)
        case.requests = list(requests)
        if case.cover is None and case.going:
            self._hold(case, (case.id,), now)
        self._live(case, now, judgement)

    def _hold(self, case: SiteCase | UplinkCase, members: Iterable[str], now: Moment) -> None:
        if WHOLE_SITE in case.open or case.subject in case.open or case.subject not in case.wanted:
            return
        parents = (self._uplinks[uplink_subject(each)] for each in case.uplinks)
        case.held_s = max((self._stages.uplink.held_s(each, members, now) for each in parents), default=0.0)

    def _live(self, case: Case, now: Moment, judgement: Judgement) -> None:
        for stage in self._stages.life:
            stage(case, now)
        judgement.transitions += case.transitions
        for incident in case.changed_incidents:
            judgement.incidents[incident.id] = incident
        for subject in case.changed_symptoms:
            judgement.symptoms[case.id, subject] = case.symptoms.get(subject)
        if case.wake_s != float("inf"):
            heapq.heappush(self._agenda, (case.wake_s, case.id))

    def _site_case(self, site: Site) -> SiteCase:
        """The site's case, with what is kept of it alone."""
        kept = self._sites.get(site.id)
        case = self._sites[site.id] = SiteCase(
            id=site.id,
            place=site.id,
            symptoms=kept.symptoms if kept else self._symptoms.pop(site.id, {}),
            open=kept.open if kept else self._open.pop(site.id, {}),
            site=site,
            devices=kept.devices if kept else self._topology.devices(site.id),
            uplinks=kept.uplinks if kept else self._topology.uplinks_of(site.id),
            cover=self._covers.get(site.id),
        )
        return case

    def _add_uplink(self, uplink: str, branches: Mapping[str, str]) -> None:
        subject = uplink_subject(uplink)
        self._uplinks[subject] = UplinkCase(
            id=subject,
            place="",
            symptoms=self._symptoms.pop(subject, {}),
            open=self._open.pop(subject, {}),
            uplink=uplink,
            branches=branches,
            sites=self._sites,
            uplinks=self._topology.uplinks.get(uplink, (uplink,))[1:],
        )

    def _uplink_case(self, subject: str) -> UplinkCase:
        kept = self._uplinks[subject]
        above = (self._uplinks[uplink_subject(each)] for each in reversed(kept.uplinks))
        case = self._uplinks[subject] = UplinkCase(
            id=subject,
            place="",
            symptoms=kept.symptoms,
            open=kept.open,
            uplink=kept.uplink,
            branches=kept.branches,
            sites=self._sites,
            uplinks=kept.uplinks,
            speaks=kept.speaks,
            cover=next((each.open[each.id] for each in above if each.speaks and each.id in each.open), None),
        )
        return case

    def _due(self, now_s: float) -> list[str]:
        due = []
        while self._agenda and self._agenda[0][0] <= now_s:
            wake_s, name = heapq.heappop(self._agenda)
            case = self._sites.get(name) or self._uplinks.get(name)
            if case is not None and case.wake_s == wake_s:
                due.append(name)
        return due


def _same(one: Incident | None, other: Incident | None) -> bool:
    return one is not None and other is not None and one.id == other.id
