"""What the judge says of a picture, and what one fault's module says."""

from dataclasses import dataclass, field
from typing import NamedTuple

from pantau_contract.states import Cause
from pantau_contract.words.evidence import NO_DETAIL, Detail


class FaultEvidence(NamedTuple):
    """How much speaks for a fault, in [0, 1]; from 0.5 on it is likely. `reason` is for people."""

    value: float
    reason: Detail


NO_EVIDENCE = FaultEvidence(0.0, NO_DETAIL)
"""Nothing speaks for the fault."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a camera's picture. `cause` is None while nothing is confirmed.

    `evidence` holds each fault's value in [0, 1] by cause, of this one picture; empty when nobody can tell.
    `reason` says in words what was seen, or why it cannot be told, or that the camera is still being learned.
    """

    cause: Cause | None
    evidence: dict[str, float] = field(default_factory=dict)
    reason: Detail = NO_DETAIL
