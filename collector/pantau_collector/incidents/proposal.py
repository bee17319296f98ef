"""An incident that should be open, as the correlating stages propose it."""

from typing import NamedTuple, Self

from pantau_collector.incidents.incident import Incident


class Proposal(NamedTuple):
    """An incident that should be open: its cause, and the cameras (and sites) that it takes down."""

    cause: str
    cameras: tuple[str, ...]
    since_ms: int
    ending_s: float | None = None
    awaited: int = 0
    sites: tuple[str, ...] = ()
    downtime: str = ""
    flapping: bool = False

    @classmethod
    def unchanged(cls, incident: Incident) -> Self:
        """Propose that an open incident stay as it is."""
        ending = (incident.ending_s, incident.awaited)
        return cls(incident.cause, incident.cameras, incident.since_ms, *ending, incident.sites)

    @classmethod
    def ending(cls, incident: Incident, awaited: int, now_s: float) -> Self:
        """Propose that a parent's incident without evidence go on while `awaited` of its children are not back.

        The wait for the children starts again with each wave of them that comes back.
        """
        proposal = cls.unchanged(incident)
        if incident.ending_s is None or awaited < incident.awaited:
            return proposal._replace(ending_s=now_s, awaited=awaited)
        return proposal
