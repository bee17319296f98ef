"""The story that the demo tells, and how it is known that all came as told.

Pure: it looks at incidents (as the collector's API gives them) and mails, and says what is still missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct


class Incident(Struct, frozen=True):
    """What the story needs of the collector's `/api/incidents`."""

    id: int
    site: str
    camera: str | None
    cause: str
    resolved_ms: int | None


@dataclass(frozen=True, slots=True)
class Act:
    """One trouble: what befalls which site or camera, and the cause that must be found."""

    title: str
    site: str
    camera: str | None
    cause: str

    def matches(self, incident: Incident) -> bool:
        """Whether an incident is this act's."""
        return (incident.site, incident.camera, incident.cause) == (self.site, self.camera, self.cause)


FREEZE = Act(
    "a camera freezes: the stream goes on, the picture does not", "simpang-kabil", "kabil-utara", "frozen"
)
CUT = Act("a camera is cut: its port answers no more", "batam-centre", "alun-parkir", "refused")
UPLINK = Act("a site loses its uplink: silence, nobody is told", "pelabuhan-nongsa", None, "agent_gone")
ACTS = (FREEZE, CUT, UPLINK)


def found(act: Act, incidents: Sequence[Incident]) -> bool:
    """Whether the act's incident is open, or was."""
    return any(act.matches(incident) for incident in incidents)


def recovered(act: Act, incidents: Sequence[Incident]) -> bool:
    """Whether the act's incident was found, and has ended."""
    mine = [incident for incident in incidents if act.matches(incident)]
    return bool(mine) and all(incident.resolved_ms is not None for incident in mine)


def faults(incidents: Sequence[Incident], notices: int) -> list[str]:
    """What did not come as told: an act missing or not over, an incident too many, notices too few or too many."""
    wrong = [f"not found: {act.title}" for act in ACTS if not found(act, incidents)]
    wrong += [
        f"not recovered: {act.title}" for act in ACTS if found(act, incidents) and not recovered(act, incidents)
    ]
    wrong += [
        f"one too many: {incident.site}/{incident.camera or '*'} {incident.cause}"
        for incident in incidents
        if not any(act.matches(incident) for act in ACTS)
    ]
    wrong += [
        f"more than once: {act.title}" for act in ACTS if sum(act.matches(incident) for incident in incidents) > 1
    ]
    if notices != 2 * len(ACTS):
        wrong.append(f"{notices} notices arrived, {2 * len(ACTS)} were due: one for each trouble, one for its end")
    return wrong
