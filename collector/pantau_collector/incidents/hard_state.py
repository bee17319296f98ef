"""Second stage: turns soft states into hard ones, as Nagios and Icinga call them.

A problem is soft until it has lasted for the settle time, then it is hard; a recovery likewise. Only hard problems
become incidents.
"""

from collections.abc import Mapping

from pantau_collector.incidents.case import Case, SiteCase
from pantau_collector.incidents.evaluation import Condition, Evaluation
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.subjects import UNLISTED
from pantau_collector.incidents.symptom import Symptom

LATE_REPORTS_S = 2.0
"""Seconds (attention) to wait for related reports after a late one, before its problem becomes hard.

What an agent reports late, as when an uplink returns, comes one camera after another; this lets all arrive.
"""


class HardState:
    """Writes each symptom's `hard_cause`.

    A new subject has a grace before its first hard problem, because it is still being set up. A subject whose
    condition is unknown keeps the hard state that it had.
    """

    def __init__(
        self, *, settle_s: float, by_cause: Mapping[str, float], recovery_s: float, new_camera_grace_s: float
    ) -> None:
        self._settle_s = settle_s
        self._by_cause = by_cause
        self._recovery_s = recovery_s
        self._grace_s = new_camera_grace_s

    def __call__(self, case: SiteCase, now: Moment) -> None:
        """Update the symptom of every subject, and forget the symptoms of subjects that no longer exist."""
        for subject, evaluation in case.evaluations.items():
            before = case.symptoms.get(subject)
            if before is None and evaluation.condition is not Condition.FAILED:
                continue
            symptom = before or Symptom()
            known = (symptom.failing, symptom.since_s, symptom.hard_cause)
            self._update(case, symptom, evaluation, now)
            if (symptom.failing, symptom.since_s, symptom.hard_cause) != known:
                case.changed_symptoms.add(subject)
            if symptom.is_empty:
                case.symptoms.pop(subject, None)
            else:
                case.symptoms[subject] = symptom
        for subject in case.symptoms.keys() - case.evaluations.keys() - case.devices.above.keys() - {UNLISTED}:
            del case.symptoms[subject]
            case.changed_symptoms.add(subject)

    def settle_s(self, cause: str) -> float:
        """Return how many seconds a problem of this cause stays soft."""
        return self._by_cause.get(cause, self._settle_s)

    def _update(self, case: Case, symptom: Symptom, evaluation: Evaluation, now: Moment) -> None:
        match evaluation.condition:
            case Condition.FAILED:
                since_s = min(symptom.since_s, evaluation.since_s) if symptom.failing else evaluation.since_s
                symptom.failing, symptom.since_s = True, since_s
                self._harden(case, symptom, evaluation, now)
            case Condition.WORKING:
                if symptom.failing:
                    symptom.failing, symptom.since_s = False, evaluation.since_s
                ends_s = symptom.since_s + self._recovery_s
                if now.s >= ends_s:
                    symptom.hard_cause = None
                elif symptom.hard_cause is not None:
                    case.schedule(ends_s)
            case Condition.DISABLED:
                symptom.failing, symptom.hard_cause = False, None
            case Condition.UNKNOWN:
                pass

    def _harden(self, case: Case, symptom: Symptom, evaluation: Evaluation, now: Moment) -> None:
        if evaluation.cause == symptom.hard_cause:
            return
        # A second cause is not a new problem, but it too must last before it replaces the first one.
        since_s = symptom.since_s if symptom.hard_cause is None else evaluation.since_s
        due_s = max(since_s + self.settle_s(evaluation.cause), evaluation.reported_s + LATE_REPORTS_S)
        if not evaluation.worked:
            due_s = max(due_s, evaluation.first_seen_s + self._grace_s)
        if now.s >= due_s:
            symptom.hard_cause = evaluation.cause
        else:
            case.schedule(due_s)
