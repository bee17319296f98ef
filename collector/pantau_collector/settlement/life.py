"""What a settlement is computed from."""

from collections.abc import Sequence
from dataclasses import dataclass

from pantau_collector.contracts.coverage import Covered
from pantau_collector.ledger import Interval
from pantau_collector.ledger.spans import Span


@dataclass(frozen=True, slots=True)
class CameraLife:
    """A camera in a month. All times are UTC ms.

    `spans` are when the contract covers it, in order, to the month's end even if it is running: see
    `contracts.coverage`. `intervals` are those of the ledger, with people's decisions, in order; where there is
    none, the time is `not_known`. Both begin at the month's beginning, or earlier where `needs_earlier` says so.

    `taken` says, of each incident about it that somebody acknowledged, from the acknowledgement until it ended
    or the acknowledgement ran out; they may overlap.
    """

    site: str
    camera: str
    spans: Sequence[Covered]
    intervals: Sequence[Interval]
    taken: Sequence[Span] = ()

    @property
    def name(self) -> str:
        """`site/camera`."""
        return f"{self.site}/{self.camera}"
