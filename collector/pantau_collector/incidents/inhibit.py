"""A stage: inhibits the incidents that an uplink's incident accounts for, or may soon account for."""

from pantau_collector.incidents.case import Case
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.subjects import WHOLE_SITE


class Inhibit:
    """Removes proposals that an uplink explains (`inhibited_by`), or that it may soon explain (`held_until_s`)."""

    def __call__(self, case: Case, now: Moment) -> None:
        """Keep incidents that are open already, except that of a whole site that was the uplink's beginning."""
        if case.inhibited_by is not None:
            case.proposals = {
                subject: proposal for subject, proposal in case.proposals.items() if subject in case.open
            }
            if case.inhibited_by.ending_s is None and case.place and WHOLE_SITE in case.proposals:
                del case.proposals[WHOLE_SITE]
                case.merged[WHOLE_SITE] = case.inhibited_by.subject
        elif now.s < case.held_until_s and case.subject not in case.open and case.subject in case.proposals:
            del case.proposals[case.subject]
            case.schedule(case.held_until_s)
