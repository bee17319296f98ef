"""A settlement as the report has it."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from pantau_collector.contracts import Contract
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Bucket
from pantau_collector.reports.document import Account, ExclusionRow, Figures, Milliseconds, PenaltyRow, Rate
from pantau_collector.settlement import PenaltyLine, Settlement, Times, Verdict

_PLACES = Decimal("0.000001")
"""The digits of a quantity that are shown."""


def account_of(contract: Contract, settlement: Settlement, inventory: Inventory, *, detailed: bool) -> Account:
    """Return what a contract comes to; if `detailed` with each deduction, and each stretch that is left out."""
    times, cameras = settlement.times, settlement.camera_times
    return Account(
        contract=contract.id,
        name=contract.name or contract.id,
        number=contract.number,
        party=contract.party,
        party_name=inventory.maintainer_name(contract.party),
        budget_line=contract.budget_line,
        cameras=len(settlement.cameras),
        online=_rate(cameras, cameras.online_ms),
        intact=_rate(cameras, cameras.intact_ms),
        availability=_rate(times, times.available_ms),
        measured=Rate(cameras.measured_ms, cameras.service_ms),
        target=contract.target,
        is_met=None if settlement.verdict is Verdict.NOT_JUDGED else settlement.verdict is Verdict.MET,
        ms=figures_of(cameras).ms,
        lost=_in_order(times.lost_by),
        excluded=_in_order(times.excluded_by),
        fee=settlement.fee,
        penalties_sum=settlement.penalties,
        deduction=settlement.deduction,
        payable=settlement.payable,
        is_provisional=settlement.is_provisional,
        penalties=tuple(_penalty(contract, line) for line in settlement.lines) if detailed else (),
        exclusions=_exclusions(settlement) if detailed else (),
    )


def figures_of(times: Times, well_at_site_ms: int = 0) -> Figures:
    """Return the figures of cameras by a contract: the time that it covers, within its service hours."""
    ms = dict(times.by_bucket)
    if times.out_of_service_ms:
        ms[Bucket.OUT_OF_SERVICE] = times.out_of_service_ms
    return Figures(
        ms=_in_order(ms),
        online=_rate(times, times.online_ms),
        intact=_rate(times, times.intact_ms),
        measured=Rate(times.measured_ms, times.service_ms),
        well_at_site_ms=well_at_site_ms,
    )


def _rate(times: Times, ms: int) -> Rate:
    return Rate(ms, times.judged_ms) if times.is_judged else Rate(0, 0)


def _in_order(ms: Milliseconds) -> Milliseconds:
    return {bucket: ms[bucket] for bucket in Bucket if ms.get(bucket)}


def _penalty(contract: Contract, line: PenaltyLine) -> PenaltyRow:
    penalty = contract.penalties[line.number]
    return PenaltyRow(
        kind=line.kind,
        unit=line.unit,
        basis=line.basis,
        quantity=_rounded(line.quantity),
        rate=line.rate,
        amount=line.amount,
        each=penalty.each if penalty.kind == "delay" else "",
        from_ms=line.outage.from_ms if line.outage else None,
        to_ms=line.outage.to_ms if line.outage else None,
        after=penalty.after if penalty.kind == "delay" else "",
    )


def _rounded(quantity: Fraction) -> Decimal:
    exact = Decimal(quantity.numerator) / Decimal(quantity.denominator)
    return exact.quantize(Decimal(1) if quantity.denominator == 1 else _PLACES, ROUND_HALF_UP)


def _exclusions(settlement: Settlement) -> tuple[ExclusionRow, ...]:
    return tuple(
        ExclusionRow(each.site, each.camera, part.from_ms, part.to_ms, part.bucket, part.decision)
        for each in settlement.cameras
        for part in each.excluded
    )
