"""What the first stage finds out about a subject."""

from enum import Enum
from typing import NamedTuple

from pantau_contract.states import State


class Condition(Enum):
    """Whether a subject works. `unknown` is neither good nor bad; a `disabled` subject is not expected to work."""

    WORKING = "working"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DISABLED = "disabled"


class Evaluation(NamedTuple):
    """The present condition of a subject. All times are seconds of attention.

    `since_s` is when the condition began according to the agent, `reported_s` when the collector learned of it,
    `first_seen_s` when the subject itself was first seen. `worked`: it has been seen working at least once.
    """

    condition: Condition
    since_s: float
    reported_s: float
    state: State = State.OK
    cause: str = ""
    worked: bool = True
    first_seen_s: float = 0.0
