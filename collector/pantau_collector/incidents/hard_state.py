"""Second stage: soft to hard. A symptom is believed once it has lasted, and so is a recovery."""

from collections.abc import Mapping

from pantau_collector.incidents.case import Case, Moment, Reading, SiteCase, Symptom, Verdict

GATHER_S = 2.0
"""What is told late, as when an uplink returns, is told of one camera after another: so long all are heard."""


class Settle:
    """Writes each subject's settled `trouble`.

    What is new has a grace before its first trouble, for it is still being set up. What cannot be known now keeps
    the trouble it had.
    """

    def __init__(
        self, *, settle_s: float, by_cause: Mapping[str, float], recovery_s: float, new_camera_grace_s: float
    ) -> None:
        self._settle_s = settle_s
        self._by_cause = by_cause
        self._recovery_s = recovery_s
        self._grace_s = new_camera_grace_s

    def __call__(self, case: SiteCase, now: Moment) -> None:
        """Judges every subject, and forgets those that are no more."""
        for subject, reading in case.readings.items():
            before = case.symptoms.get(subject)
            if before is None and reading.verdict is not Verdict.BAD:
                continue
            symptom = before or Symptom()
            known = (symptom.bad, symptom.since_s, symptom.trouble)
            self._judge(case, symptom, reading, now)
            if (symptom.bad, symptom.since_s, symptom.trouble) != known:
                case.changed_symptoms.add(subject)
            if symptom.plain:
                case.symptoms.pop(subject, None)
            else:
                case.symptoms[subject] = symptom
        for subject in case.symptoms.keys() - case.readings.keys() - case.devices.above.keys():
            del case.symptoms[subject]
            case.changed_symptoms.add(subject)

    def settle_s(self, cause: str) -> float:
        """How long a cause has to last."""
        return self._by_cause.get(cause, self._settle_s)

    def _judge(self, case: Case, symptom: Symptom, reading: Reading, now: Moment) -> None:
        match reading.verdict:
            case Verdict.BAD:
                since_s = min(symptom.since_s, reading.since_s) if symptom.bad else reading.since_s
                symptom.bad, symptom.since_s = True, since_s
                self._harden(case, symptom, reading, now)
            case Verdict.GOOD:
                if symptom.bad:
                    symptom.bad, symptom.since_s = False, reading.since_s
                ends_s = symptom.since_s + self._recovery_s
                if now.s >= ends_s:
                    symptom.trouble = None
                elif symptom.trouble is not None:
                    case.wake(ends_s)
            case Verdict.OFF:
                symptom.bad, symptom.trouble = False, None
            case Verdict.UNKNOWN:
                pass

    def _harden(self, case: Case, symptom: Symptom, reading: Reading, now: Moment) -> None:
        if reading.cause == symptom.trouble:
            return
        # A second cause is no new trouble; it too must last before it is believed.
        since_s = symptom.since_s if symptom.trouble is None else reading.since_s
        due_s = max(since_s + self.settle_s(reading.cause), reading.told_s + GATHER_S)
        if not reading.worked:
            due_s = max(due_s, reading.first_s + self._grace_s)
        if now.s >= due_s:
            symptom.trouble = reading.cause
        else:
            case.wake(due_s)
