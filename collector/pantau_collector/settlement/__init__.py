"""The settlement of a contract's month: from cameras' lives to rates and rupiah.

docs/availability.md defines it.
"""

from pantau_collector.settlement.life import CameraLife
from pantau_collector.settlement.month import Month
from pantau_collector.settlement.result import (
    CameraSettlement,
    Outage,
    Overtime,
    PenaltyLine,
    Settlement,
    Stretch,
    Times,
    UnitSettlement,
    Verdict,
    total_times,
)
from pantau_collector.settlement.settle import MONTHS_BACK, needs_earlier, settle
from pantau_collector.settlement.tally import times_without_contract

__all__ = [
    "MONTHS_BACK",
    "CameraLife",
    "CameraSettlement",
    "Month",
    "Outage",
    "Overtime",
    "PenaltyLine",
    "Settlement",
    "Stretch",
    "Times",
    "UnitSettlement",
    "Verdict",
    "needs_earlier",
    "settle",
    "times_without_contract",
    "total_times",
]
