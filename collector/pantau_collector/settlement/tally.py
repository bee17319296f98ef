"""Sums pieces up."""

from collections.abc import Iterable, Sequence

from pantau_collector.contracts.coverage import Covered
from pantau_collector.ledger import Bucket, Interval
from pantau_collector.ledger.bucket import INTACT, ONLINE
from pantau_collector.ledger.spans import Span
from pantau_collector.settlement.life import CameraLife
from pantau_collector.settlement.pieces import Piece, pieces_of
from pantau_collector.settlement.place import Place
from pantau_collector.settlement.result import Stretch, Times
from pantau_collector.settlement.terms import WITHOUT_CONTRACT

_JUDGED = (Place.LOST, Place.AVAILABLE)
_SERVICE = (*_JUDGED, Place.EXCLUDED)


def times_of(pieces: Iterable[Piece]) -> Times:
    """Return how many milliseconds of the pieces lie where."""
    places = dict.fromkeys(Place, 0)
    buckets: dict[Place, dict[Bucket, int]] = {place: {} for place in _SERVICE}
    measured_ms = online_ms = intact_ms = 0
    for piece in pieces:
        ms = piece.ms
        places[piece.place] += ms
        if piece.place not in buckets:
            continue
        of_place = buckets[piece.place]
        of_place[piece.bucket] = of_place.get(piece.bucket, 0) + ms
        if piece.measured:
            measured_ms += ms
        if piece.place is Place.EXCLUDED:
            continue
        is_for_party = piece.bucket is Bucket.NOT_KNOWN and piece.place is Place.AVAILABLE
        if piece.bucket in ONLINE or is_for_party:
            online_ms += ms
        if piece.bucket in INTACT or is_for_party:
            intact_ms += ms
    by_bucket: dict[Bucket, int] = {}
    for of_place in buckets.values():
        for bucket, ms in of_place.items():
            by_bucket[bucket] = by_bucket.get(bucket, 0) + ms
    return Times(
        period_ms=sum(places.values()),
        not_covered_ms=places[Place.NOT_COVERED],
        outside_hours_ms=places[Place.OUTSIDE_HOURS],
        out_of_service_ms=places[Place.OUT_OF_SERVICE],
        available_ms=places[Place.AVAILABLE],
        lost_ms=places[Place.LOST],
        excluded_ms=places[Place.EXCLUDED],
        by_bucket=by_bucket,
        lost_by=buckets[Place.LOST],
        excluded_by=buckets[Place.EXCLUDED],
        measured_ms=measured_ms,
        known_ms=sum(ms for bucket, ms in by_bucket.items() if bucket is not Bucket.NOT_KNOWN),
        online_ms=online_ms,
        intact_ms=intact_ms,
    )


def stretches_of(pieces: Iterable[Piece], place: Place) -> tuple[Stretch, ...]:
    """Return the pieces in a place as stretches, neighbours of one bucket and decision joined."""
    found: list[Stretch] = []
    for piece in pieces:
        if piece.place is not place:
            continue
        last = found[-1] if found else None
        if last and (last.to_ms, last.bucket, last.decision) == (piece.from_ms, piece.bucket, piece.decision):
            found[-1] = Stretch(last.from_ms, piece.to_ms, piece.bucket, piece.decision)
        else:
            found.append(Stretch(piece.from_ms, piece.to_ms, piece.bucket, piece.decision))
    return tuple(found)


def times_without_contract(
    intervals: Sequence[Interval], period: Span, spans: Sequence[Span] | None = None
) -> Times:
    """Return how many milliseconds of a camera's period lie where, if no contract is asked about.

    Args:
        intervals: those of the ledger, in order; where there is none, the time is `not_known`.
        period: UTC ms.
        spans: when the camera belonged to what is summed up, in order; None: all the time.
    """
    covered = [Covered(*span, "normal", "UTC") for span in ([period] if spans is None else spans)]
    return times_of(pieces_of(CameraLife("", "", covered, intervals), WITHOUT_CONTRACT, [period]))
