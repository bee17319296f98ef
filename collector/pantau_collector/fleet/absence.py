"""Why a site was not heard for a while, once its agent is heard again and tells of its start."""

from typing import NamedTuple

from msgspec import Struct

from pantau_contract.messages import Start

POWER_LOST = "power_lost"
"""The cause of an outage of a whole site whose agent's machine had lost its power."""
LINK_LOST = "link_lost"
"""The cause of an outage of a whole site whose agent ran on all the while."""


class Absence(Struct, frozen=True):
    """A site was not heard between two messages, at `from_ms` and `to_ms` (UTC); `boot` is that of the first."""

    from_ms: int
    to_ms: int
    boot: str


class Explanation(NamedTuple):
    """Why a site was not heard, and from when to when that lasted (UTC ms)."""

    cause: str
    from_ms: int
    to_ms: int


def explain(absence: Absence | None, start: Start | None, boot: str) -> Explanation | None:
    """Return why a site was not heard, or None if that is not known, or was the agent's own fault.

    Args:
        absence: when it was not heard, or None if it always was.
        start: the latest start of its agent, or None if that is not known.
        boot: the agent's present boot.
    """
    if absence is None or start is None:
        return None
    if start.time <= absence.from_ms:
        ran_on = boot == absence.boot
        return Explanation(LINK_LOST, absence.from_ms, absence.to_ms) if ran_on else None
    if start.reason != "machine" or start.clean:
        return None
    return Explanation(POWER_LOST, start.before or absence.from_ms, start.machine_time or start.time)
