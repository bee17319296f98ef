"""A stage: detects flapping. A subject that fails and recovers all the time has one incident until that is over.

The method is that of Icinga 2 (icinga.com/docs/icinga-2, "Check Flapping"): of the last 20 results, each that
differs from the one before has a weight, from 0.82 for the oldest to 1.18 for the newest; the sum of these weights
divided by 20 is the share of changes. Flapping begins above 30 % and ends below 25 %. Only recoveries are held
back, never outages.
"""

from functools import lru_cache

from pantau_collector.incidents.case import Case, SiteCase
from pantau_collector.incidents.evaluation import Condition
from pantau_collector.incidents.incident import SITE_DARK
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.proposal import Proposal
from pantau_collector.incidents.subjects import UNLISTED, WHOLE_SITE
from pantau_collector.incidents.symptom import Symptom

_RESULTS = 20
"""Results that are considered, so that there are 19 possible changes between them."""
_BEGINS_PCT = 30.0
"""Share of changes above which flapping begins."""
_ENDS_PCT = 25.0
"""Share of changes below which flapping ends."""
_ALL = (1 << (_RESULTS - 1)) - 1
"""Bit mask of all possible changes."""
_WEIGHTS = tuple(0.8 + 0.02 * (_RESULTS - 1 - age) for age in range(_RESULTS - 1))
"""Weights of the changes, by age in results."""


@lru_cache(maxsize=4096)
def share_pct(changes: int) -> float:
    """Return the weighted share of changes, 0 to about 95 %; bit 0 of `changes` is the newest result."""
    return sum(weight for age, weight in enumerate(_WEIGHTS) if changes >> age & 1) / _RESULTS * 100


def shift(changes: int, results: int) -> int:
    """Return the changes after this number of further results without a change."""
    return changes << min(results, _RESULTS) & _ALL


class Flap:
    """Writes each symptom's `changes` and each proposal's `flapping`, and holds back recoveries meanwhile.

    There is one result each `interval_s`. As only what has changed is judged, the results between two changes are
    counted when the second change comes.
    """

    def __init__(self, *, interval_s: float) -> None:
        self._interval_s = interval_s

    def __call__(self, case: Case, now: Moment) -> None:
        """Update all subjects that have a problem, or had one lately."""
        for subject in {*case.symptoms, *case.proposals}:
            failed = _result(case, subject)
            if failed is None:
                continue
            symptom = case.symptoms.get(subject) or Symptom()
            before = (symptom.changes, symptom.result_s, symptom.result_failed, symptom.flapping)
            self._update(case, subject, symptom, now, failed=failed)
            if before != (symptom.changes, symptom.result_s, symptom.result_failed, symptom.flapping):
                case.changed_symptoms.add(subject)
            if symptom.is_empty:
                case.symptoms.pop(subject, None)
            else:
                case.symptoms[subject] = symptom
            if symptom.flapping:
                self._hold_back_recovery(case, subject)

    def _update(self, case: Case, subject: str, symptom: Symptom, now: Moment, *, failed: bool) -> None:
        results = int((now.s - symptom.result_s) / self._interval_s)
        if failed != symptom.result_failed:
            symptom.changes = shift(symptom.changes, max(1, results)) | 1
            symptom.result_s, symptom.result_failed = now.s, failed
            results = 0
        share = share_pct(shift(symptom.changes, results))
        symptom.flapping = share >= _ENDS_PCT if symptom.flapping else share > _BEGINS_PCT
        if not shift(symptom.changes, results):
            symptom.changes = 0
        elif symptom.flapping and subject in case.open:
            steps = next(each for each in range(_RESULTS) if share_pct(shift(symptom.changes, each)) < _ENDS_PCT)
            case.schedule(symptom.result_s + steps * self._interval_s)

    @staticmethod
    def _hold_back_recovery(case: Case, subject: str) -> None:
        known, proposal = case.open.get(subject), case.proposals.get(subject)
        if proposal is None and known is not None and subject not in case.merged:
            proposal = Proposal.unchanged(known)
        if proposal is not None:
            case.proposals[subject] = proposal._replace(flapping=True)


def _result(case: Case, subject: str) -> bool | None:
    """Return True if the subject fails now, or None if that cannot be known."""
    proposal = case.proposals.get(subject)
    evident = proposal is not None and proposal.ending_s is None
    if not isinstance(case, SiteCase):
        return evident
    evaluation = case.evaluations.get(subject)
    if evaluation is None:
        return evident if subject in case.devices.above or subject == UNLISTED else None
    if subject == WHOLE_SITE:
        is_dark = evident and proposal is not None and proposal.cause == SITE_DARK
        return evaluation.condition is Condition.FAILED or is_dark
    return {Condition.FAILED: True, Condition.WORKING: False}.get(evaluation.condition)
