"""Flapping: what comes and goes all the time is one incident, which ends when that has ended.

As Icinga 2 does it (icinga.com/docs/icinga-2, "Check Flapping"): of the last 20 results, each that is another than
the one before weighs 0.82 for the oldest to 1.18 for the newest; their sum by 20 is the share of changes. It flaps
above 30 %, and no longer below 25 %. Only recoveries are held back, never outages.
"""

from functools import lru_cache

from pantau_collector.incidents.case import SITE_DARK, WHOLE_SITE, Case, Moment, SiteCase, Symptom, Verdict, Wanted

_RESULTS = 20
_BEGINS_PCT = 30.0
_ENDS_PCT = 25.0
_ALL = (1 << (_RESULTS - 1)) - 1
_WEIGHTS = tuple(0.8 + 0.02 * (_RESULTS - 1 - age) for age in range(_RESULTS - 1))


@lru_cache(maxsize=4096)
def share_pct(changes: int) -> float:
    """The weighted share of changes, 0 to about 95 %; bit 0 of `changes` is the newest result's."""
    return sum(weight for age, weight in enumerate(_WEIGHTS) if changes >> age & 1) / _RESULTS * 100


def later(changes: int, results: int) -> int:
    """The same after so many more results, none of which was a change."""
    return changes << min(results, _RESULTS) & _ALL


class Flap:
    """Writes each symptom's `changes`, and each wanted incident's `flapping`; holds back recoveries meanwhile.

    There is a result each `interval_s`: as only what has changed is judged, those between two changes are counted
    when the second one comes.
    """

    def __init__(self, *, interval_s: float) -> None:
        self._interval_s = interval_s

    def __call__(self, case: Case, now: Moment) -> None:
        """Looks at all that is, or lately was, in trouble."""
        for subject in {*case.symptoms, *case.wanted}:
            bad = _result(case, subject)
            if bad is None:
                continue
            symptom = case.symptoms.get(subject) or Symptom()
            before = (symptom.changes, symptom.looked_s, symptom.looked_bad, symptom.flapping)
            self._look(case, subject, symptom, now, bad=bad)
            if before != (symptom.changes, symptom.looked_s, symptom.looked_bad, symptom.flapping):
                case.changed_symptoms.add(subject)
            if symptom.plain:
                case.symptoms.pop(subject, None)
            else:
                case.symptoms[subject] = symptom
            if symptom.flapping:
                self._hold(case, subject)

    def _look(self, case: Case, subject: str, symptom: Symptom, now: Moment, *, bad: bool) -> None:
        results = int((now.s - symptom.looked_s) / self._interval_s)
        if bad != symptom.looked_bad:
            symptom.changes = later(symptom.changes, max(1, results)) | 1
            symptom.looked_s, symptom.looked_bad = now.s, bad
            results = 0
        share = share_pct(later(symptom.changes, results))
        symptom.flapping = share >= _ENDS_PCT if symptom.flapping else share > _BEGINS_PCT
        if not later(symptom.changes, results):
            symptom.changes = 0
        elif symptom.flapping and subject in case.open:
            steps = next(each for each in range(_RESULTS) if share_pct(later(symptom.changes, each)) < _ENDS_PCT)
            case.wake(symptom.looked_s + steps * self._interval_s)

    @staticmethod
    def _hold(case: Case, subject: str) -> None:
        known, wanted = case.open.get(subject), case.wanted.get(subject)
        if wanted is None and known is not None and subject not in case.merged:
            wanted = Wanted.again(known)
        if wanted is not None:
            case.wanted[subject] = wanted._replace(flapping=True)


def _result(case: Case, subject: str) -> bool | None:
    """Whether it is bad now; None if nobody can say."""
    wanted = case.wanted.get(subject)
    evident = wanted is not None and wanted.ending_s is None
    if not isinstance(case, SiteCase):
        return evident
    reading = case.readings.get(subject)
    if reading is None:
        return evident if subject in case.devices.above else None
    if subject == WHOLE_SITE:
        return reading.verdict is Verdict.BAD or (evident and wanted is not None and wanted.cause == SITE_DARK)
    return {Verdict.BAD: True, Verdict.GOOD: False}.get(reading.verdict)
