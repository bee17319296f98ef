"""The judge's verdict on a picture, and one fault module's evidence."""

from dataclasses import dataclass, field
from typing import NamedTuple

from pantau_contract.states import Cause
from pantau_contract.words.evidence import NO_DETAIL, Detail


class FaultEvidence(NamedTuple):
    """How strongly a picture points to a fault, in [0, 1]; 0.5 or more is likely. `reason` is for people."""

    value: float
    reason: Detail


NO_EVIDENCE = FaultEvidence(0.0, NO_DETAIL)
"""Nothing points to the fault."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a camera's picture.

    `cause` is None while no fault is confirmed. `evidence` holds each fault's value in [0, 1] by cause, for this
    one picture; it is empty if the picture could not be judged. `reason` says in words what was seen, why the
    picture cannot be judged, or that the camera is still being learned.
    """

    cause: Cause | None
    evidence: dict[str, float] = field(default_factory=dict)
    reason: Detail = NO_DETAIL
