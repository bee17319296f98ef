"""Decides which cases are judged, and when: those that have changed, and those whose time has come."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from pantau_collector.fleet.model import Site
from pantau_collector.incidents.acknowledgement import AcknowledgementRequest
from pantau_collector.incidents.case import Case, SiteCase, UplinkCase
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.stages import Stages
from pantau_collector.incidents.subjects import WHOLE_SITE, uplink_subject
from pantau_collector.incidents.symptom import Symptom
from pantau_collector.incidents.topology import Topology
from pantau_collector.incidents.transition import Transition


class Judgement(Struct):
    """The result of a pass: the sites judged, the transitions, and the incidents and symptoms to save.

    A symptom of None is to be deleted.
    """

    sites: list[str] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    incidents: dict[int, Incident] = field(default_factory=dict)
    symptoms: dict[tuple[str, str], Symptom | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.incidents or self.symptoms)


class Scheduler:
    """Takes the cases through the stages.

    The evidence of the sites comes first. Then comes each uplink behind which something was judged, the furthest
    first, because a nearer one may be explained by it. Then comes the life of the incidents of all these sites,
    and of the sites that an uplink has begun or ceased to inhibit.
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
        self._queue: list[tuple[float, str]] = []
        self._inhibitors: dict[str, Incident] = {}
        """For each inhibited site, the incident of the uplink that inhibits it."""
        self._released: dict[str, Incident] = {}
        """For each site that has ceased to be inhibited in this pass, the incident that inhibited it."""
        self._lost: set[str] = set()
        self._lost_behind: Counter[str] = Counter()
        self._open: dict[str, dict[str, Incident]] = {}
        self._symptoms: dict[str, dict[str, Symptom]] = {}
        for incident in open_incidents:
            self._open.setdefault(incident.case, {})[incident.subject] = incident
        for (case, subject), symptom in (symptoms or {}).items():
            self._symptoms.setdefault(case, {})[subject] = symptom
        down = {each.uplink for opened in self._open.values() for each in opened.values() if each.uplink}
        branches = topology.branches()
        for uplink in {**branches, **dict.fromkeys(down - branches.keys())}:
            self._add_uplink(uplink, branches.get(uplink, {}))
        self._order = sorted(self._uplinks, key=lambda each: len(self._uplinks[each].uplinks))
        self._unjudged = set(self._order)

    @property
    def next_s(self) -> float:
        """When the next case is due (attention) if nothing changes."""
        return self._queue[0][0] if self._queue else float("inf")

    def judge(
        self,
        sites: Mapping[str, Site],
        changed: Iterable[str],
        now: Moment,
        *,
        requests: Mapping[str, Sequence[AcknowledgementRequest]] | None = None,
        extra: Iterable[str] = (),
    ) -> Judgement:
        """Judge every changed site, every case that is due or has a request, and the `extra` cases.

        Args:
            sites: all sites of the fleet by id.
            changed: the ids of the sites that have changed.
            now: the moment.
            requests: what people ask for, by the id of the case.
            extra: the ids of further cases to judge.
        """
        requests = requests or {}
        judgement = Judgement()
        self._released = {}
        due = dict.fromkeys([*changed, *self._pop_due(now.s), *requests, *extra])
        for site in due:
            if site in sites:
                self._evaluate(sites[site], now)
        judged = [site for site in due if site in sites]
        for site in self._judge_uplinks(judged, due, now, requests, judgement):
            if site in sites and site not in due:
                self._evaluate(sites[site], now)
                judged.append(site)
        for site in judged:
            judgement.sites.append(site)
            self._judge_site(self._sites[site], now, requests.get(site, ()), judgement)
        return judgement

    def _evaluate(self, site: Site, now: Moment) -> None:
        case = self._renew_site_case(site)
        for stage in self._stages.site:
            stage(case, now)
        if case.is_lost != (site.id in self._lost):
            self._lost ^= {site.id}
            for uplink in case.uplinks:
                self._lost_behind[uplink_subject(uplink)] += 1 if case.is_lost else -1

    def _judge_uplinks(
        self,
        judged: Iterable[str],
        due: Iterable[str],
        now: Moment,
        requests: Mapping[str, Sequence[AcknowledgementRequest]],
        judgement: Judgement,
    ) -> set[str]:
        """Judge the uplinks, and return the sites that one has begun or ceased to inhibit."""
        if not self._order:
            return set()
        touched = {uplink_subject(each) for site in judged for each in self._topology.uplinks_of(site)}
        touched.update(each for each in due if each in self._uplinks)
        touched |= self._unjudged
        self._unjudged = set()
        affected: set[str] = set()
        for uplink in self._order:
            if uplink not in touched or self._is_idle(uplink):
                continue
            case = self._renew_uplink_case(uplink)
            case.requests = list(requests.get(uplink, ()))
            before = case.open.get(uplink) if case.inhibits else None
            case.inhibits = False
            self._stages.uplink(case, now)
            self._hold_back(case, case.branches, now)
            self._run_life_stages(case, now, judgement)
            after = case.open.get(uplink) if case.inhibits else None
            if after is not before:
                affected |= self._replace_inhibitor(before, after)
                touched |= {each for each in self._order if case.uplink in self._uplinks[each].uplinks}
        return affected

    def _is_idle(self, uplink: str) -> bool:
        """Return True if no site behind the uplink is lost and nothing can end: the usual state of an uplink."""
        case = self._uplinks[uplink]
        return not (self._lost_behind[uplink] or case.open or case.symptoms)

    def _replace_inhibitor(self, before: Incident | None, after: Incident | None) -> set[str]:
        """Have an uplink's incident inhibit its present sites instead of its former ones; return the affected."""
        were, are = (set(each.sites) if each else set() for each in (before, after))
        affected = were - are
        affected |= {site for site in are if not _same(self._inhibitors.get(site), after)}
        for site in were:
            if before is not None and _same(self._inhibitors.get(site), before):
                del self._inhibitors[site]
                self._released[site] = before
        if after is not None:
            self._inhibitors.update(dict.fromkeys(are, after))
        return affected

    def _judge_site(
        self, case: SiteCase, now: Moment, requests: Sequence[AcknowledgementRequest], judgement: Judgement
    ) -> None:
        case.inhibited_by = self._inhibitors.get(case.id)
        case.released_by = None if case.inhibited_by else self._released.get(case.id)
        case.requests = list(requests)
        if case.inhibited_by is None and case.is_silent:
            self._hold_back(case, (case.id,), now)
        self._run_life_stages(case, now, judgement)

    def _hold_back(self, case: SiteCase | UplinkCase, members: Iterable[str], now: Moment) -> None:
        if WHOLE_SITE in case.open or case.subject in case.open or case.subject not in case.proposals:
            return
        parents = (self._uplinks[uplink_subject(each)] for each in case.uplinks)
        held_until_s = (self._stages.uplink.held_until_s(each, members, now) for each in parents)
        case.held_until_s = max(held_until_s, default=0.0)

    def _run_life_stages(self, case: Case, now: Moment, judgement: Judgement) -> None:
        for stage in self._stages.life:
            stage(case, now)
        judgement.transitions += case.transitions
        for incident in case.changed_incidents:
            judgement.incidents[incident.id] = incident
        for subject in case.changed_symptoms:
            judgement.symptoms[case.id, subject] = case.symptoms.get(subject)
        if case.due_s != float("inf"):
            heapq.heappush(self._queue, (case.due_s, case.id))

    def _renew_site_case(self, site: Site) -> SiteCase:
        """Return a new case of the site, with only what outlasts a judgement."""
        before = self._sites.get(site.id)
        case = self._sites[site.id] = SiteCase(
            id=site.id,
            place=site.id,
            symptoms=before.symptoms if before else self._symptoms.pop(site.id, {}),
            open=before.open if before else self._open.pop(site.id, {}),
            site=site,
            devices=before.devices if before else self._topology.devices(site.id),
            uplinks=before.uplinks if before else self._topology.uplinks_of(site.id),
            inhibited_by=self._inhibitors.get(site.id),
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

    def _renew_uplink_case(self, subject: str) -> UplinkCase:
        """Return a new case of the uplink, with only what outlasts a judgement."""
        before = self._uplinks[subject]
        above = (self._uplinks[uplink_subject(each)] for each in reversed(before.uplinks))
        inhibitor = next((each.open[each.id] for each in above if each.inhibits and each.id in each.open), None)
        case = self._uplinks[subject] = UplinkCase(
            id=subject,
            place="",
            symptoms=before.symptoms,
            open=before.open,
            uplink=before.uplink,
            branches=before.branches,
            sites=self._sites,
            uplinks=before.uplinks,
            inhibits=before.inhibits,
            inhibited_by=inhibitor,
        )
        return case

    def _pop_due(self, now_s: float) -> list[str]:
        due = []
        while self._queue and self._queue[0][0] <= now_s:
            due_s, name = heapq.heappop(self._queue)
            case = self._sites.get(name) or self._uplinks.get(name)
            if case is not None and case.due_s == due_s:
                due.append(name)
        return due


def _same(one: Incident | None, other: Incident | None) -> bool:
    return one is not None and other is not None and one.id == other.id
