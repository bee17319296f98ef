"""The outages of a unit, and their overtime."""

from collections.abc import Iterable, Iterator, Sequence

from pantau_collector.contracts import Contract
from pantau_collector.inventory.model import Criticality
from pantau_collector.ledger.spans import FOREVER_MS, Span
from pantau_collector.settlement.pieces import Piece
from pantau_collector.settlement.place import Place
from pantau_collector.settlement.result import Outage
from pantau_collector.settlement.terms import whole_ms


def outages_of(
    unit: str, pieces: Iterable[Piece], taken: Sequence[Span], contract: Contract, period: Span
) -> Iterator[Outage]:
    """Yield the outages of a unit that have lost time in the period, in order.

    Args:
        unit: its name.
        pieces: its life to the end of the period, from the period's beginning or earlier.
        taken: when incidents about it were acknowledged.
        contract: whose classes give the times.
        period: the settled part of the month.
    """
    for lost, criticality, is_over in _runs(pieces):
        lost_ms = _ms_within(lost, period.from_ms, period.to_ms)
        if not lost_ms:
            continue
        from_ms, to_ms = lost[0].from_ms, lost[-1].to_ms
        taken_ms = min(
            (max(each.from_ms, from_ms) for each in taken if from_ms < each.to_ms and each.from_ms < to_ms),
            default=None,
        )
        response_ms, repair_ms = _agreed(contract, criticality)
        before = Span(0, period.from_ms)
        until_response = FOREVER_MS if taken_ms is None else taken_ms
        yield Outage(
            unit=unit,
            from_ms=from_ms,
            to_ms=to_ms,
            is_over=is_over,
            criticality=criticality,
            lost_ms=lost_ms,
            lost_before_ms=_ms_within(lost, *before),
            taken_ms=taken_ms,
            response_ms=_ms_within(lost, period.from_ms, min(period.to_ms, until_response)),
            response_before_ms=_ms_within(lost, 0, min(period.from_ms, until_response)),
            allowed_response_ms=response_ms,
            allowed_repair_ms=repair_ms,
        )


def _runs(pieces: Iterable[Piece]) -> Iterator[tuple[list[Piece], Criticality, bool]]:
    """Yield the lost pieces of each outage, how critical it is, and whether it is over."""
    lost: list[Piece] = []
    for piece in pieces:
        if lost and (piece.works or piece.place is Place.NOT_COVERED):
            yield lost, lost[0].criticality, True
            lost = []
        elif piece.place is Place.LOST:
            lost.append(piece)
    if lost:
        yield lost, lost[0].criticality, False


def _agreed(contract: Contract, criticality: Criticality) -> tuple[int | None, int | None]:
    found = contract.service_class(criticality)
    if found is None:
        return None, None
    response, repair = found.response_hours, found.repair_hours
    return None if response is None else whole_ms(response), None if repair is None else whole_ms(repair)


def _ms_within(pieces: Iterable[Piece], from_ms: int, to_ms: int) -> int:
    return sum(max(0, min(each.to_ms, to_ms) - max(each.from_ms, from_ms)) for each in pieces)
