"""A camera's life under a contract, as pieces that have one place each."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pantau_collector.contracts.coverage import Covered
from pantau_collector.contracts.days import service_spans
from pantau_collector.inventory.model import Criticality
from pantau_collector.ledger import Bucket, Evidence, Interval
from pantau_collector.ledger.spans import Span, near, split
from pantau_collector.settlement.life import CameraLife
from pantau_collector.settlement.place import Place
from pantau_collector.settlement.terms import Terms
from pantau_contract.states import State


class Piece(NamedTuple):
    """A stretch of a camera's or site's life, UTC ms.

    `bucket` is the one that counts. `otherwise` is the place as if it were within service hours. `works` is
    True if it is available by evidence, or would be.
    """

    from_ms: int
    to_ms: int
    place: Place
    bucket: Bucket
    otherwise: Place
    works: bool
    measured: bool = False
    decision: int | None = None
    criticality: Criticality = "normal"

    @property
    def ms(self) -> int:
        """The length."""
        return self.to_ms - self.from_ms


def pieces_of(life: CameraLife, terms: Terms, months: Sequence[Span]) -> Iterator[Piece]:
    """Yield the pieces of a camera's life in consecutive months, or parts of them, without gaps.

    The allowance of maintenance begins anew with each month.
    """
    for month in months:
        left_ms = terms.maintenance_ms
        at_ms = month.from_ms
        for covered in near(life.spans, month):
            from_ms, to_ms = max(covered.from_ms, month.from_ms), min(covered.to_ms, month.to_ms)
            if at_ms < from_ms:
                yield _not_covered(at_ms, from_ms)
            for piece, interval in _covered(life.intervals, covered, Span(from_ms, to_ms), terms, month):
                if left_ms is None or piece.bucket is not Bucket.MAINTENANCE or piece.place is Place.OUTSIDE_HOURS:
                    yield piece
                    continue
                allowed_ms = min(left_ms, piece.ms)
                left_ms -= allowed_ms
                if allowed_ms:
                    yield piece._replace(to_ms=piece.from_ms + allowed_ms)
                if allowed_ms < piece.ms:
                    bucket = terms.bucket_without_plan(interval)
                    beyond = piece._replace(from_ms=piece.from_ms + allowed_ms)
                    yield _in_hours(beyond, bucket, terms)
            at_ms = to_ms
        if at_ms < month.to_ms:
            yield _not_covered(at_ms, month.to_ms)


def _covered(
    intervals: Sequence[Interval], covered: Covered, span: Span, terms: Terms, month: Span
) -> Iterator[tuple[Piece, Interval]]:
    hours = service_spans(terms.hours, terms.holidays, covered.zone, month)
    is_always = not terms.hours and not terms.holidays
    for interval in _without_gaps(intervals, span):
        bucket = terms.bucket(interval)
        inside = Span(max(interval.from_ms, span.from_ms), min(interval.to_ms, span.to_ms))
        for part, is_in_hours in [(inside, True)] if is_always else split(inside, hours):
            place = terms.place(bucket)
            piece = Piece(
                *part,
                place if is_in_hours else Place.OUTSIDE_HOURS,
                bucket,
                place,
                bucket in terms.works,
                interval.is_measured,
                interval.decision,
                covered.criticality,
            )
            yield piece, interval


def _in_hours(piece: Piece, bucket: Bucket, terms: Terms) -> Piece:
    """Return a piece within service hours with another bucket."""
    place = terms.place(bucket)
    return piece._replace(place=place, bucket=bucket, otherwise=place, works=bucket in terms.works)


def _without_gaps(intervals: Sequence[Interval], span: Span) -> Iterator[Interval]:
    """Yield the intervals of a span; where there is none, the time is not known."""
    at_ms = span.from_ms
    for interval in near(intervals, span):
        if at_ms < interval.from_ms:
            yield _not_known(at_ms, interval.from_ms)
        yield interval
        at_ms = interval.to_ms
    if at_ms < span.to_ms:
        yield _not_known(at_ms, span.to_ms)


def _not_known(from_ms: int, to_ms: int) -> Interval:
    unknown = Bucket.NOT_KNOWN
    return Interval(from_ms, to_ms, unknown, unknown, unknown, State.UNKNOWN, None, Evidence.NONE)


def _not_covered(from_ms: int, to_ms: int) -> Piece:
    return Piece(from_ms, to_ms, Place.NOT_COVERED, Bucket.NOT_KNOWN, Place.NOT_COVERED, works=False)
