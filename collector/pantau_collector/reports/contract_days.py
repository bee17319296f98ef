"""A contract's month by day."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from pantau_collector.contracts import Contract
from pantau_collector.ledger.spans import Span
from pantau_collector.settlement import CameraLife, Times
from pantau_collector.settlement.pieces import Piece, pieces_of
from pantau_collector.settlement.tally import times_of
from pantau_collector.settlement.terms import terms_of


def times_by_day(contract: Contract, life: CameraLife, edges: Sequence[int]) -> list[Times]:
    """Return a camera's times by a contract, of each day between consecutive moments (UTC ms) of one month."""
    terms = terms_of(contract)
    days: list[list[Piece]] = [[] for _ in edges[1:]]
    for piece in pieces_of(life, terms, [Span(edges[0], edges[-1])]):
        for part in _split(piece, edges):
            days[bisect_right(edges, part.from_ms) - 1].append(part)
    return [times_of(its) for its in days]


def _split(piece: Piece, edges: Iterable[int]) -> Iterator[Piece]:
    at_ms = piece.from_ms
    for edge_ms in edges:
        if at_ms < edge_ms < piece.to_ms:
            yield piece._replace(from_ms=at_ms, to_ms=edge_ms)
            at_ms = edge_ms
    yield piece._replace(from_ms=at_ms)
