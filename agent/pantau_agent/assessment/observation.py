"""The result of observing a camera at one moment."""

from dataclasses import dataclass, field
from enum import StrEnum

from pantau_contract.messages import Sample


class Looked(StrEnum):
    """How a requested look ended. `DONE`: the camera was tried since. `HELD`: it must be left alone."""

    DONE = "done"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Observation:
    """One camera at one moment.

    `sample` carries monotonic time: its `time` and `since` are milliseconds of the monotonic clock, and
    `spool.dating.date_sample` turns them into UTC. `changed` is set if its state or cause differs from the one
    before. `snapshot` is a plain JPEG, present whenever a new picture was decoded.
    `looked` is set on the observation with which a requested look has ended.
    """

    sample: Sample
    changed: bool = False
    snapshot: bytes | None = field(default=None, repr=False)
    looked: Looked | None = None
