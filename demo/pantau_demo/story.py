"""The story that the demo plays, and the check of its outcome.

Pure functions of the incidents (as the collector's API returns them) and the number of notices.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct


class Incident(Struct, frozen=True):
    """The part of an entry of the collector's `/api/incidents` that the story uses."""

    id: int
    site: str
    camera: str | None
    cause: str
    resolved_ms: int | None


@dataclass(frozen=True, slots=True)
class Act:
    """One failure: the site or camera that it hits, and the cause that the collector must find.

    `bucket` is where the ledger must have its time.
    """

    title: str
    site: str
    camera: str | None
    cause: str
    bucket: str

    def matches(self, incident: Incident) -> bool:
        """Return True if the incident is this act's."""
        return (incident.site, incident.camera, incident.cause) == (self.site, self.camera, self.cause)


FREEZE = Act(
    "a camera freezes: the stream goes on, the picture does not",
    "simpang-kabil",
    "kabil-utara",
    "frozen",
    "picture",
)
CUT = Act("a camera is cut: its port answers no more", "batam-centre", "alun-parkir", "refused", "camera")
UPLINK = Act("a site loses its uplink: silence, nobody is told", "pelabuhan-nongsa", None, "agent_gone", "link")
ACTS = (FREEZE, CUT, UPLINK)
_SLOW_S = 3.0
"""Seconds late in all from which on a machine cannot tell what needs its simulated cameras to send in time."""


def is_slow(cameras_late_s: float) -> bool:
    """Return True if the simulated cameras were so late that a watcher cannot have seen what they should show."""
    return cameras_late_s >= _SLOW_S


def excused(act: Act, cameras_late_s: float, *, end: bool) -> bool:
    """Return True if an act, or its end, need not be found: it takes a camera to send, and those were too late.

    A frozen picture is seen in a stream that goes on; a camera that is cut needs none until it is mended.
    """
    return is_slow(cameras_late_s) and act.camera is not None and (end or act is FREEZE)


def found(act: Act, incidents: Sequence[Incident]) -> bool:
    """Return True if the act's incident is open, or was."""
    return any(act.matches(incident) for incident in incidents)


def recovered(act: Act, incidents: Sequence[Incident]) -> bool:
    """Return True if the act's incident was found and has ended."""
    mine = [incident for incident in incidents if act.matches(incident)]
    return bool(mine) and all(incident.resolved_ms is not None for incident in mine)


def problems(incidents: Sequence[Incident], notices: int, *, cameras_late_s: float = 0) -> list[str]:
    """Return how the outcome differs from the story: an act missing, not over or doubled, something extra.

    Where the machine was so slow that the simulated cameras were late (`cameras_late_s`, seconds in all),
    incidents of cameras beside the story are true reports of that, and neither they nor their notices are
    problems. Nor is it one that what they could not send was not seen. On a machine that is slower still
    (`is_slow`), agents come too late as well: a silence of a site that has ended is true, and no problem either.
    """
    slow = cameras_late_s > 0
    extra = [incident for incident in incidents if not any(act.matches(incident) for act in ACTS)]
    of_slowness = [
        incident
        for incident in extra
        if slow and (incident.camera is not None or (is_slow(cameras_late_s) and incident.resolved_ms is not None))
    ]
    again = [act for act in ACTS if sum(act.matches(incident) for incident in incidents) > 1]
    missed = [act for act in ACTS if not found(act, incidents)]
    going_on = [act for act in ACTS if act not in missed and not recovered(act, incidents)]
    wrong = [f"not found: {act.title}" for act in missed if not excused(act, cameras_late_s, end=False)]
    wrong += [f"not recovered: {act.title}" for act in going_on if not excused(act, cameras_late_s, end=True)]
    wrong += [
        f"one too many: {incident.site}/{incident.camera or '*'} {incident.cause}"
        for incident in extra
        if incident not in of_slowness
    ]
    wrong += [
        f"more than once: {act.title}"
        for act in again
        if not (slow and act.camera) and not is_slow(cameras_late_s)
    ]
    due = 2 * len(ACTS)
    most = 2 * len(incidents) if slow else due
    least = due - sum(2 for act in missed if excused(act, cameras_late_s, end=False))
    least -= sum(1 for act in going_on if excused(act, cameras_late_s, end=True))
    if not least <= notices <= max(due, most):
        wrong.append(f"{notices} notices arrived, {due} were due: one for each trouble, one for its end")
    return wrong


def untold(milliseconds: Mapping[str, int], *, cameras_late_s: float = 0) -> list[str]:
    """Return the acts whose time is not, or not yet, in the report's milliseconds by bucket."""
    return [
        f"not in the report: {act.title}"
        for act in ACTS
        if not milliseconds.get(act.bucket) and not excused(act, cameras_late_s, end=False)
    ]


def slowness(incidents: Sequence[Incident], cameras_late_s: float) -> str:
    """Return the remark on a machine that is too slow for the demo, or an empty text if it is fast enough."""
    if cameras_late_s <= 0:
        return ""
    others = sum(1 for incident in incidents if not any(act.matches(incident) for act in ACTS))
    remark = f"this machine is too slow: its simulated cameras sent {cameras_late_s:.1f} s late in all"
    return f"{remark}, and {others} incidents beside the story came of it" if others else remark
