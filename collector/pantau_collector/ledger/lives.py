"""The lives of a site's cameras: what was measured, whether it was seen, and what was planned, as intervals."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pantau_collector.ledger.bucket import Bucket, Evidence
from pantau_collector.ledger.claims import Claim, cause_of, state_of
from pantau_collector.ledger.facts import CAMERA, DEVICE, AgentStart, Boot, Subject
from pantau_collector.ledger.gaps import BootRun, Coverage, cover
from pantau_collector.ledger.interval import Interval, joined
from pantau_collector.ledger.pieces import Piece, pieces_of
from pantau_collector.ledger.roots import Root, Site, find_roots
from pantau_collector.ledger.spans import Span, between, near, split, union
from pantau_contract.states import State

AWAY_AROUND_MS = 90_000
"""Milliseconds around the collector's absence that count as it: batches were on their way, and agents wait."""

_UNAFFECTED = {Bucket.WORKING, Bucket.OUT_OF_SERVICE}
"""Buckets that planned maintenance changes nothing about."""


class History(NamedTuple):
    """What is known of a site: its runs of batches, starts and boots, the claims about its cameras and devices.

    `attentive` is when the collector was listening, `planned` the maintenance of each camera; sorted spans.
    """

    runs: Sequence[BootRun]
    starts: Sequence[AgentStart]
    boots: Mapping[str, Boot]
    claims: Mapping[Subject, Sequence[Claim]]
    attentive: Sequence[Span]
    site: Site
    planned: Mapping[str, Sequence[Span]]


class _View(NamedTuple):
    """What is the same for all cameras of a site."""

    coverage: Coverage
    away: Sequence[Span]


def lives(history: History, from_ms: int, to_ms: int) -> dict[str, list[Interval]]:
    """Return the intervals of each camera of the site in a period, from its beginning to its end without gaps."""
    view = _View(cover(history.runs, history.starts, history.boots), _away(history.attentive))
    pieces = {
        subject.name: pieces_of(claims, view.coverage)
        for subject, claims in history.claims.items()
        if subject.kind == CAMERA
    }
    answers = {subject.name: claims for subject, claims in history.claims.items() if subject.kind == DEVICE}
    roots = find_roots(pieces, answers, history.site)
    period = Span(from_ms, to_ms)
    return {
        camera: joined(_intervals(its, roots[camera], view, history.planned.get(camera, ()), period))
        for camera, its in pieces.items()
    }


def _away(attentive: Sequence[Span]) -> list[Span]:
    """Return when the collector was not listening. Before it ever was, and since it last was, nothing is said."""
    return union(
        Span(gap.from_ms - AWAY_AROUND_MS, gap.to_ms + AWAY_AROUND_MS) for gap in between(union(attentive))
    )


def _intervals(
    pieces: Sequence[Piece], roots: Sequence[Root], view: _View, planned: Sequence[Span], period: Span
) -> Iterator[Interval]:
    for piece in near(pieces, period):
        for part in _with_roots(_clipped(piece, period), roots):
            for seen in _with_sight(part, view):
                yield from _with_plans(seen, planned)


def _clipped(piece: Piece, period: Span) -> Piece:
    if period.from_ms <= piece.from_ms and piece.to_ms <= period.to_ms:
        return piece
    return piece._replace(from_ms=max(piece.from_ms, period.from_ms), to_ms=min(piece.to_ms, period.to_ms))


def _with_roots(piece: Piece, roots: Sequence[Root]) -> Iterator[Piece]:
    """Divide the piece of a camera that is down by what is to blame."""
    if state_of(piece.condition) is not State.DOWN:
        yield piece
        return
    at_ms = piece.from_ms
    for root in near(roots, Span(piece.from_ms, piece.to_ms)):
        from_ms, to_ms = max(root.from_ms, piece.from_ms), min(root.to_ms, piece.to_ms)
        if at_ms < from_ms:
            yield piece._replace(from_ms=at_ms, to_ms=from_ms)
        yield Piece(from_ms, to_ms, piece.condition, root.bucket, root.evidence, root.device)
        at_ms = to_ms
    if at_ms < piece.to_ms:
        yield piece._replace(from_ms=at_ms)


def _with_sight(piece: Piece, view: _View) -> Iterator[Interval]:
    """Divide a piece by whether the control room saw it, and if not, whose fault that was."""
    span = Span(piece.from_ms, piece.to_ms)
    if piece.bucket is Bucket.OUT_OF_SERVICE:
        yield _interval(span, piece, piece.bucket, piece.evidence)
    elif state_of(piece.condition) is not State.UNKNOWN:
        for part, is_seen in split(span, view.coverage.seen):
            if is_seen:
                yield _interval(part, piece, piece.bucket, piece.evidence)
            else:
                yield from _unseen(part, piece, view)
    elif piece.bucket is Bucket.LINK or piece.evidence is Evidence.NONE:
        yield from _unless_away(span, piece, piece.bucket, piece.evidence, view)
    else:
        yield _interval(span, piece, piece.bucket, piece.evidence)


def _unseen(span: Span, piece: Piece, view: _View) -> Iterator[Interval]:
    """Divide what was measured and did not arrive at once: it arrived late, or only later batches tell of it."""
    for part, is_reported in split(span, view.coverage.reported):
        if is_reported:
            yield from _unless_away(part, piece, Bucket.LINK, Evidence.BACKLOG, view)
            continue
        for gap in near(view.coverage.gaps, part):
            inside = Span(max(gap.from_ms, part.from_ms), min(gap.to_ms, part.to_ms))
            if gap.bucket is Bucket.LINK:
                yield from _unless_away(inside, piece, gap.bucket, gap.evidence, view)
            else:
                yield _interval(inside, piece, piece.bucket, piece.evidence)


def _unless_away(span: Span, piece: Piece, bucket: Bucket, evidence: Evidence, view: _View) -> Iterator[Interval]:
    for part, is_away in split(span, view.away):
        if is_away:
            yield _interval(part, piece, Bucket.WATCHER, Evidence.COLLECTOR_AWAY)
        else:
            yield _interval(part, piece, bucket, evidence)


def _interval(span: Span, piece: Piece, bucket: Bucket, evidence: Evidence) -> Interval:
    at_site = Bucket.NOT_KNOWN if piece.bucket is Bucket.LINK else piece.bucket
    state = state_of(piece.condition)
    device = piece.device if bucket is piece.bucket else ""
    return Interval(*span, bucket, bucket, at_site, state, cause_of(piece.condition), evidence, device)


def _with_plans(interval: Interval, planned: Sequence[Span]) -> Iterator[Interval]:
    if not planned or interval.bucket in _UNAFFECTED:
        yield interval
        return
    for part, is_planned in split(Span(interval.from_ms, interval.to_ms), planned):
        bucket = Bucket.MAINTENANCE if is_planned else interval.bucket
        evidence = Evidence.PLANNED if is_planned else interval.evidence
        yield Interval(
            *part,
            bucket,
            interval.unplanned,
            interval.at_site,
            interval.state,
            interval.cause,
            evidence,
            "" if is_planned else interval.device,
        )
