"""What watching a camera yields."""

from dataclasses import dataclass, field

from pantau_contract.messages import Sample


@dataclass(frozen=True, slots=True)
class Observation:
    """One moment of one camera. `changed` tells that its state or cause is another than before.

    `snapshot` is a plain JPEG, there whenever a new picture was decoded.
    """

    sample: Sample
    changed: bool = False
    snapshot: bytes | None = field(default=None, repr=False)
