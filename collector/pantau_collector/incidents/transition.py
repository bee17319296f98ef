"""One step in the life of an incident."""

from enum import StrEnum
from typing import NamedTuple

from pantau_collector.incidents.incident import Incident


class TransitionKind(StrEnum):
    """What happened to an incident.

    `merged`: a parent's incident includes it from now on. `split`: its parent's evidence has ended but this child
    stays down, so it becomes an incident of its own; this is its first step, in place of `opened`. `changed`: its
    cause, cameras or sites changed. An incident that was opened during a downtime has `downtime` set; if it
    outlasts the downtime, `downtime_ended` is when people are notified. `unacknowledged`: the acknowledgement
    expired or was withdrawn.
    """

    OPENED = "opened"
    SPLIT = "split"
    CHANGED = "changed"
    MERGED = "merged"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    DOWNTIME_STARTED = "downtime_started"
    DOWNTIME_ENDED = "downtime_ended"
    FLAPPING_STARTED = "flapping_started"
    FLAPPING_ENDED = "flapping_ended"
    ESCALATED = "escalated"


class Transition(NamedTuple):
    """One step in the life of an incident; each step happens once. `incident` is its state after the step."""

    kind: TransitionKind
    incident: Incident
    time_ms: int
