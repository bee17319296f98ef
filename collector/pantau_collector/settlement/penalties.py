"""The penalties of a contract's month, each a line."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from pantau_collector.contracts import Contract
from pantau_collector.contracts.model import Availability, Delay
from pantau_collector.settlement.result import Outage, PenaltyLine, Times, UnitSettlement
from pantau_collector.settlement.rupiah import rounded

_UNIT_MS = {"hour": 3_600_000, "begun_hour": 3_600_000, "begun_day": 86_400_000}
_PERCENT = Decimal("0.01")


class _Subject(NamedTuple):
    """Whose fee and availability a penalty is about: a unit, or the contract (an empty name)."""

    unit: str
    times: Times
    hours_ms: int
    fee: Decimal


def penalty_lines(
    contract: Contract, times: Times, fee: Decimal, units: Sequence[UnitSettlement]
) -> Iterator[PenaltyLine]:
    """Yield the lines in the order of the contract's penalties, then of units, then of outages.

    `times` and `fee` are those of the whole contract. What is not judged has no penalty.
    """
    if not times.is_judged:
        return
    whole = _Subject("", times, sum(each.hours_ms for each in units), fee)
    judged = [each for each in units if each.times.is_judged]
    for number, penalty in enumerate(contract.penalties):
        if isinstance(penalty, Delay):
            for unit in judged:
                for outage in unit.outages:
                    yield from _delay(
                        contract, number, penalty, outage, fee if penalty.per == "contract" else unit.fee
                    )
            continue
        subjects = [whole]
        if penalty.per == "unit":
            subjects = [_Subject(each.name, each.times, each.hours_ms, each.fee) for each in judged]
        for subject in subjects:
            if isinstance(penalty, Availability):
                yield _by_tier(contract, number, penalty, subject)
            else:
                yield from _restitution(contract, number, subject)


def _by_tier(contract: Contract, number: int, penalty: Availability, subject: _Subject) -> PenaltyLine:
    availability = _availability(subject)
    tiers = sorted(penalty.tiers, key=lambda tier: tier.at_least)
    tier = next((each for each in tiers if availability * 100 < Fraction(each.below)), tiers[-1])
    rate = tier.percent * _PERCENT
    amount = rounded(Fraction(subject.fee) * Fraction(rate), contract)
    return PenaltyLine(number, "availability", subject.unit, subject.fee, availability, rate, amount)


def _restitution(contract: Contract, number: int, subject: _Subject) -> Iterator[PenaltyLine]:
    target = Fraction(contract.target) / 100
    if _availability(subject) < target:
        quantity = Fraction(subject.times.lost_ms) / (subject.hours_ms * target)
        amount = min(rounded(Fraction(subject.fee) * quantity, contract), subject.fee)
        yield PenaltyLine(number, "restitution", subject.unit, subject.fee, quantity, Decimal(1), amount)


def _delay(contract: Contract, number: int, penalty: Delay, outage: Outage, fee: Decimal) -> Iterator[PenaltyLine]:
    overtime = outage.overtime(penalty.after)
    if overtime is None or not overtime.ms:
        return
    match penalty.each:
        case "hour":
            quantity = Fraction(overtime.ms, _UNIT_MS["hour"])
        case "occasion":
            quantity = Fraction(overtime.begins)
        case unit:
            quantity = Fraction(overtime.begun(_UNIT_MS[unit]))
    if not quantity:
        return
    if penalty.amount is not None:
        basis, rate = None, penalty.amount
        amount = rounded(quantity * Fraction(rate), contract)
    else:
        assert penalty.percent is not None  # noqa: S101 - the model has one of the two
        basis, rate = fee, penalty.percent * _PERCENT
        amount = rounded(quantity * Fraction(rate) * Fraction(fee), contract)
    yield PenaltyLine(number, "delay", outage.unit, basis, quantity, rate, amount, outage)


def _availability(subject: _Subject) -> Fraction:
    return Fraction(subject.times.available_ms, subject.times.judged_ms)
