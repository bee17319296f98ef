"""The settlement of a contract's month: from cameras' lives to rates and rupiah.

docs/availability.md defines it.
"""

from pantau_collector.settlement.life import CameraLife
from pantau_collector.settlement.month import Month
from pantau_collector.settlement.result import (
    CameraSettlement,
    Outage,
    PenaltyLine,
    Settlement,
    Stretch,
    Times,
    UnitSettlement,
    Verdict,
)

__all__ = [
    "CameraLife",
    "CameraSettlement",
    "Month",
    "Outage",
    "PenaltyLine",
    "Settlement",
    "Stretch",
    "Times",
    "UnitSettlement",
    "Verdict",
]
