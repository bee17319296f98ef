"""Settles a contract's month."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from pantau_collector.contracts import Contract, valid_span
from pantau_collector.contracts.days import service_spans
from pantau_collector.ledger.spans import Span, union, within
from pantau_collector.settlement.life import CameraLife
from pantau_collector.settlement.month import Month
from pantau_collector.settlement.outages import outages_of
from pantau_collector.settlement.penalties import penalty_lines
from pantau_collector.settlement.pieces import Piece, pieces_of
from pantau_collector.settlement.place import Place
from pantau_collector.settlement.result import (
    CameraSettlement,
    Settlement,
    Times,
    UnitSettlement,
    Verdict,
    total_times,
)
from pantau_collector.settlement.rupiah import rounded
from pantau_collector.settlement.tally import stretches_of, times_of
from pantau_collector.settlement.terms import Terms, terms_of
from pantau_collector.settlement.units import by_unit

MONTHS_BACK = 12
"""Months before the settled one to which an outage is followed back at most."""


def settle(
    contract: Contract, month: Month, lives: Iterable[CameraLife], *, until_ms: int | None = None
) -> Settlement:
    """Return what a contract's month comes to. It is pure, and the order of `lives` makes no difference.

    Args:
        contract: the contract.
        month: the month, in the contract's zone.
        lives: each camera that the contract covers at any moment of it, once.
        until_ms: now, UTC ms, while the month is running.
    """
    whole = month.span(contract.zone)
    period = Span(
        whole.from_ms, max(whole.from_ms, whole.to_ms if until_ms is None else min(whole.to_ms, until_ms))
    )
    terms = terms_of(contract)
    by_key = {(each.site, each.camera): each for each in lives}
    pieces = _pieces(contract, month, by_key, terms, period.to_ms)
    cameras = tuple(_camera(*key, _clipped(its, period)) for key, its in sorted(pieces.items()))
    known = {f"{each.site}/{each.camera}": each.times for each in cameras} if contract.unit == "camera" else {}
    units = _units(contract, whole, period, by_key, by_unit(pieces, contract.unit), terms, known)
    times = total_times(each.times for each in units)
    fee = sum((each.fee for each in units), Decimal(0))
    if contract.fee_per == "month":
        fee = _monthly_fee(contract, whole)
    lines = tuple(penalty_lines(contract, times, fee, units))
    penalties = sum((each.amount for each in lines), Decimal(0))
    cap = _cap(contract, fee)
    target = Fraction(contract.target) / 100
    verdict = Verdict.NOT_JUDGED
    if times.availability is not None:
        verdict = Verdict.MET if times.availability >= target else Verdict.MISSED
    return Settlement(
        contract=contract.id,
        month=str(month),
        from_ms=whole.from_ms,
        to_ms=whole.to_ms,
        until_ms=period.to_ms,
        times=times,
        camera_times=total_times(each.times for each in cameras),
        cameras=cameras,
        units=units,
        target=target,
        verdict=verdict,
        fee=fee,
        lines=lines,
        penalties=penalties,
        cap=cap,
        deduction=min(penalties, cap),
        payable=fee - min(penalties, cap),
    )


def needs_earlier(contract: Contract, month: Month, lives: Collection[CameraLife]) -> list[CameraLife]:
    """Return the lives of which spans and intervals of one more month before are needed.

    Their unit does not work, from the first moment that they tell of into the month: so an outage may have begun
    before. Whoever settles adds a month to them, and asks again, until there are none.
    """
    whole = month.span(contract.zone)
    earliest_ms = month.plus(-MONTHS_BACK).span(contract.zone).from_ms
    by_key = {
        (each.site, each.camera): each
        for each in lives
        if each.spans and earliest_ms < each.spans[0].from_ms <= whole.from_ms
    }
    if contract.unit == "site":
        sites = {site for site, _ in by_key}
        by_key |= {(each.site, each.camera): each for each in lives if each.site in sites}
    pieces = _pieces(contract, month, by_key, terms_of(contract), whole.from_ms + 1)
    found = {
        name
        for name, its in by_unit(pieces, contract.unit).items()
        if _goes_back(its, valid_span(contract).from_ms)
    }
    return [
        each
        for key, each in sorted(by_key.items())
        if (each.site if contract.unit == "site" else "/".join(key)) in found
    ]


def _goes_back(pieces: Sequence[Piece], valid_ms: int) -> bool:
    """Return True if the unit never works, and is covered, from the beginning of its pieces to their end."""
    if not pieces or pieces[0].from_ms <= valid_ms:
        return False
    return not any(each.works or each.place is Place.NOT_COVERED for each in pieces)


def _pieces(
    contract: Contract, month: Month, lives: Mapping[tuple[str, str], CameraLife], terms: Terms, to_ms: int
) -> dict[tuple[str, str], list[Piece]]:
    """Return the pieces of all lives, from the month in which the earliest begins to `to_ms`."""
    first_ms = min((each.spans[0].from_ms for each in lives.values() if each.spans), default=to_ms)
    months = [month.span(contract.zone)]
    while months[0].from_ms > first_ms and len(months) <= MONTHS_BACK:
        months.insert(0, month.plus(-len(months)).span(contract.zone))
    if months[-1].from_ms >= to_ms:
        months.pop()
    else:
        months[-1] = Span(months[-1].from_ms, to_ms)
    return {key: list(pieces_of(life, terms, months)) for key, life in lives.items()}


def _units(
    contract: Contract,
    whole: Span,
    period: Span,
    lives: Mapping[tuple[str, str], CameraLife],
    pieces: Mapping[str, list[Piece]],
    terms: Terms,
    known: Mapping[str, Times],
) -> tuple[UnitSettlement, ...]:
    """Return all units; `known` are the times that are summed up already."""
    members: dict[str, list[CameraLife]] = {}
    for (site, camera), life in sorted(lives.items()):
        members.setdefault(site if contract.unit == "site" else f"{site}/{camera}", []).append(life)
    covered_ms = {name: _ms(_covered(its, whole)) for name, its in members.items()}
    fees = _fees(contract, whole, covered_ms)
    return tuple(
        UnitSettlement(
            name=name,
            times=known.get(name) or times_of(_clipped(pieces[name], period)),
            covered_ms=covered_ms[name],
            hours_ms=_ms(_hours(its, whole, terms)),
            fee=fees[name],
            outages=tuple(
                outages_of(name, pieces[name], [span for each in its for span in each.taken], contract, period)
            ),
        )
        for name, its in members.items()
    )


def _camera(site: str, camera: str, pieces: Sequence[Piece]) -> CameraSettlement:
    lost, excluded = stretches_of(pieces, Place.LOST), stretches_of(pieces, Place.EXCLUDED)
    return CameraSettlement(site, camera, times_of(pieces), lost, excluded)


def _clipped(pieces: Iterable[Piece], period: Span) -> list[Piece]:
    return [
        each if each.from_ms >= period.from_ms else each._replace(from_ms=period.from_ms)
        for each in pieces
        if each.to_ms > period.from_ms
    ]


def _covered(lives: Iterable[CameraLife], whole: Span) -> list[Span]:
    """Return when any of the cameras is covered in a month."""
    every = union(Span(each.from_ms, each.to_ms) for life in lives for each in life.spans)
    return list(within(every, whole))


def _hours(lives: Iterable[CameraLife], whole: Span, terms: Terms) -> list[Span]:
    """Return when any of the cameras is covered and within its service hours in a month."""
    return union(
        part
        for life in lives
        for each in life.spans
        for part in within(
            service_spans(terms.hours, terms.holidays, each.zone, whole), Span(each.from_ms, each.to_ms)
        )
    )


def _monthly_fee(contract: Contract, whole: Span) -> Decimal:
    valid_ms = _ms(within([valid_span(contract)], whole))
    return rounded(Fraction(contract.fee) * Fraction(valid_ms, whole.to_ms - whole.from_ms), contract)


def _fees(contract: Contract, whole: Span, covered_ms: Mapping[str, int]) -> dict[str, Decimal]:
    """Return each unit's fee, or share of the fee; shares sum to it exactly."""
    if contract.fee_per == "unit":
        month_ms = whole.to_ms - whole.from_ms
        return {
            name: rounded(Fraction(contract.fee) * Fraction(ms, month_ms), contract)
            for name, ms in covered_ms.items()
        }
    fee, total_ms = _monthly_fee(contract, whole), sum(covered_ms.values())
    fees: dict[str, Decimal] = {}
    so_far_ms, given = 0, Decimal(0)
    for name, ms in covered_ms.items():
        so_far_ms += ms
        upto = rounded(Fraction(fee) * Fraction(so_far_ms, total_ms), contract) if total_ms else Decimal(0)
        fees[name], given = upto - given, upto
    return fees


def _cap(contract: Contract, fee: Decimal) -> Decimal:
    caps = [fee]
    if contract.cap_percent is not None:
        caps.append(rounded(Fraction(fee) * Fraction(contract.cap_percent) / 100, contract))
    if contract.cap is not None:
        caps.append(contract.cap)
    return min(caps)


def _ms(spans: Iterable[Span]) -> int:
    return sum(each.to_ms - each.from_ms for each in spans)
