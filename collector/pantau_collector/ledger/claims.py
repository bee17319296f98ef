"""What batches claim about a camera or device: a condition from one moment to another.

Claims may overlap: a state is reported with the time since which it has lasted, two agents may have one site id,
and clocks are set. Each moment then has the condition of the highest rank among the claims made about it. So the
result is the same in whatever order the claims arrive, and however often.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple

from pantau_contract.states import STATE_OF, Cause, State

ANSWERS, SILENT = "answers", "silent"
"""The conditions of a device."""

_RANK = {
    State.UNKNOWN: 0,
    State.OK: 1,
    State.DEGRADED: 2,
    State.IMPAIRED: 3,
    State.DOWN: 4,
    State.DISABLED: 5,
}
_CAUSES = {str(cause): state for cause, state in STATE_OF.items()}
_STATES = {**{str(state): state for state in State}, **_CAUSES}
_UNKNOWN = State.UNKNOWN
_RANKS = {ANSWERS: 1, SILENT: 2, **{condition: _RANK[state] for condition, state in _STATES.items()}}


class Claim(NamedTuple):
    """A condition from `from_ms` to `to_ms`: a camera's cause, or its state if it has none; a device's answer."""

    from_ms: int
    to_ms: int
    condition: str


def condition_of(state: State, cause: Cause | None) -> str:
    """Return the condition that a camera's state and cause are stored as."""
    return str(cause) if cause is not None and STATE_OF[cause] is state else str(state)


def state_of(condition: str) -> State:
    """Return the state that belongs to a camera's condition; a condition of a newer version is unknown."""
    return _STATES.get(condition, _UNKNOWN)


def cause_of(condition: str) -> str | None:
    """Return the cause that belongs to a camera's condition, or None."""
    return condition if condition in _CAUSES else None


def merge(claims: Iterable[Claim]) -> list[Claim]:
    """Return claims that do not overlap, in order: at each moment the one of the highest rank.

    Claims of one condition that touch are joined, so there is one for each change. The result depends on the set
    of moments and conditions claimed, and on nothing else.
    """
    waiting = sorted(claim for claim in claims if claim.from_ms < claim.to_ms)
    merged: list[Claim] = []
    under_way: list[tuple[int, str, int]] = []  # rank (negative), condition, end
    at_ms, i = 0, 0
    while i < len(waiting) or under_way:
        if not under_way:
            at_ms = waiting[i].from_ms
        while i < len(waiting) and waiting[i].from_ms <= at_ms:
            heappush(under_way, (*_order(waiting[i].condition), waiting[i].to_ms))
            i += 1
        while under_way and under_way[0][2] <= at_ms:
            heappop(under_way)
        if not under_way:
            continue
        _, condition, end_ms = under_way[0]
        until_ms = min(end_ms, waiting[i].from_ms) if i < len(waiting) else end_ms
        if merged and merged[-1].to_ms == at_ms and merged[-1].condition == condition:
            merged[-1] = Claim(merged[-1].from_ms, until_ms, condition)
        else:
            merged.append(Claim(at_ms, until_ms, condition))
        at_ms = until_ms
    return merged


def _order(condition: str) -> tuple[int, str]:
    return -_RANKS.get(condition, 0), condition
