"""The picture before, for what only shows from one picture to the next."""

from dataclasses import dataclass

from pantau_agent.picture.cells import Mask, Plane
from pantau_agent.picture.measures import Measures


@dataclass(frozen=True, slots=True)
class Before:
    """Its measures and grey picture, and how light had `change`d.

    By cell, how much of the remembered contrast was `shown` in it, and whether it was `lost`.
    """

    measures: Measures
    grey: Plane
    change: Plane
    lost: Mask
    shown: Plane
