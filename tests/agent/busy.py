"""What a camera that is well may be said to be by a machine that is busy with other things: to come slowly."""

from collections.abc import Iterable
from itertools import groupby

from pantau_agent.assessment.observation import Observation
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State

SLOW = {Cause.JITTER, Cause.LOW_FPS, Cause.SLOW_START}
"""Rightly told, for the cameras of a test run on the same machine; and none of its matter."""


def well(sample: Sample) -> bool:
    """Whether the camera is ok, or only slow."""
    return sample.state is State.OK or sample.cause in SLOW


def changes(said: Iterable[Observation]) -> list[tuple[State, Cause | None]]:
    """The changes of state and cause, in which a camera that is slow counts as ok."""
    told = [
        (State.OK, None) if well(one.sample) else (one.sample.state, one.sample.cause)
        for one in said
        if one.changed
    ]
    return [change for change, _ in groupby(told)]
