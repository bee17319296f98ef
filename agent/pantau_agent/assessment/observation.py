"""The result of observing a camera at one moment."""

from dataclasses import dataclass, field

from pantau_contract.messages import Sample


@dataclass(frozen=True, slots=True)
class Observation:
    """One camera at one moment.

    `sample` carries monotonic time: its `time` and `since` are milliseconds of the monotonic clock, and
    `spool.dating.date_sample` turns them into UTC. `changed` is set if its state or cause differs from the one
    before. `snapshot` is a plain JPEG, present whenever a new picture was decoded.
    """

    sample: Sample
    changed: bool = False
    snapshot: bytes | None = field(default=None, repr=False)
