"""Tolerance for what a healthy camera looks like on a machine that is busy with other things: slow."""

from collections.abc import Iterable
from itertools import groupby

from pantau_agent.assessment.observation import Observation
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State

SLOW_CAUSES = {Cause.JITTER, Cause.LOW_FPS, Cause.SLOW_START}
"""Causes that the agent reports correctly when the simulated cameras get too little of the machine."""


def is_healthy(sample: Sample) -> bool:
    """Return True if the camera is ok, or degraded only by its slowness."""
    return sample.state is State.OK or sample.cause in SLOW_CAUSES


def state_changes(observations: Iterable[Observation]) -> list[tuple[State, Cause | None]]:
    """Return the changes of state and cause, counting a camera that is merely slow as ok."""
    reported = [
        (State.OK, None) if is_healthy(one.sample) else (one.sample.state, one.sample.cause)
        for one in observations
        if one.changed
    ]
    return [change for change, _ in groupby(reported)]
