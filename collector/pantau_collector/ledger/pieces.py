"""What was measured of a camera at its site, piece by piece, and whose the time is that was not measured."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from pantau_collector.ledger.bucket import OF_STATE, Bucket, Evidence
from pantau_collector.ledger.claims import Claim, state_of
from pantau_collector.ledger.gaps import Coverage
from pantau_collector.ledger.runs import HELD_UP_MS
from pantau_collector.ledger.spans import FOREVER_MS, Span, near, within
from pantau_contract.states import Cause, State


class Piece(NamedTuple):
    """A stretch of a camera's life, seen from the site. `condition` is `unknown` if nothing was measured."""

    from_ms: int
    to_ms: int
    condition: str
    bucket: Bucket
    evidence: Evidence
    device: str = ""


_UNKNOWN = str(State.UNKNOWN)
_STARTING = str(Cause.STARTING)


def pieces_of(claims: Sequence[Claim], coverage: Coverage) -> list[Piece]:
    """Return the whole life of a camera, from 0 to for ever, without gaps; its claims are in order."""
    pieces: list[Piece] = []
    at_ms = 0
    for claim in _filled(claims, coverage):
        if at_ms < claim.from_ms:
            pieces += _unmeasured(Span(at_ms, claim.from_ms), coverage, first=not pieces)
        state = state_of(claim.condition)
        if state is State.UNKNOWN:
            bucket, evidence = _of_unknown(claim.condition, pieces)
        else:
            bucket = OF_STATE[state]
            evidence = Evidence.SWITCHED_OFF if state is State.DISABLED else Evidence.SAMPLES
        pieces.append(Piece(*claim, bucket, evidence))
        at_ms = claim.to_ms
    return [*pieces, *_unmeasured(Span(at_ms, FOREVER_MS), coverage, first=not pieces)]


def _filled(claims: Sequence[Claim], coverage: Coverage) -> Iterator[Claim]:
    """Yield the claims, each lasting until the next one if the agent measured all the while.

    Until a state began that a batch reports, the one before it lasted, though no batch says so.
    """
    for i, claim in enumerate(claims):
        following_ms = claims[i + 1].from_ms if i + 1 < len(claims) else claim.to_ms
        gap_ms = following_ms - claim.to_ms
        if (
            gap_ms
            and gap_ms <= _short_ms(coverage, following_ms)
            and _is_reported(coverage, claim.to_ms, following_ms)
        ):
            yield claim._replace(to_ms=following_ms)
        else:
            yield claim


def _short_ms(coverage: Coverage, time_ms: int) -> int:
    """Return how long a camera that is watched may go without a claim: an interval, or a little more."""
    i = bisect_right(coverage.runs, time_ms - 1, key=lambda each: each.run.from_ms) - 1
    return HELD_UP_MS + (coverage.runs[i].run.interval_ms if i >= 0 else 0)


def _is_reported(coverage: Coverage, from_ms: int, to_ms: int) -> bool:
    i = bisect_right(coverage.reported, from_ms, key=lambda span: span.from_ms) - 1
    return i >= 0 and to_ms <= coverage.reported[i].to_ms


def _of_unknown(condition: str, before: Sequence[Piece]) -> tuple[Bucket, Evidence]:
    """Return whose the time is in which an agent ran and did not know a camera's state yet.

    The first moments after its start belong to whatever had stopped it.
    """
    if condition == Cause.CLOCK_UNSET:
        return Bucket.WATCHER, Evidence.CLOCK_UNSET
    last = before[-1] if before else None
    if condition != _STARTING or last is None or last.condition not in {_UNKNOWN, _STARTING}:
        return Bucket.NOT_KNOWN, Evidence.SAMPLES
    if last.bucket is not Bucket.OUT_OF_SERVICE:
        return last.bucket, last.evidence
    return Bucket.NOT_KNOWN, Evidence.SAMPLES


def _unmeasured(span: Span, coverage: Coverage, *, first: bool) -> Iterator[Piece]:
    """Yield whose a stretch is in which nothing was claimed of a camera.

    If batches came without the camera, it was not in the configuration from the first of them to the last, and
    before it was ever claimed. An agent that has just started is given its first interval to look.
    """
    if first:
        yield Piece(*span, _UNKNOWN, Bucket.OUT_OF_SERVICE, Evidence.NOT_CONFIGURED)
        return
    without = [
        part
        for part in within(coverage.reported, span)
        if part.to_ms - part.from_ms > _short_ms(coverage, part.from_ms + 1)
    ]
    ends = span.to_ms == FOREVER_MS
    left = Span(without[0].from_ms, FOREVER_MS if ends else without[-1].to_ms) if without else None
    if left is None:
        yield from _explained(span, coverage)
        return
    yield from _explained(Span(span.from_ms, left.from_ms), coverage)
    yield Piece(*left, _UNKNOWN, Bucket.OUT_OF_SERVICE, Evidence.NOT_CONFIGURED)
    yield from _explained(Span(left.to_ms, span.to_ms), coverage)


def _explained(span: Span, coverage: Coverage) -> Iterator[Piece]:
    """Yield the gaps in a stretch; each reaches up to the next, and the first back to the stretch's beginning."""
    if span.from_ms >= span.to_ms:
        return
    gaps = list(near(coverage.gaps, span))
    if not gaps:
        yield Piece(*span, _UNKNOWN, Bucket.NOT_KNOWN, Evidence.NONE)
        return
    edges = [span.from_ms, *(gap.from_ms for gap in gaps[1:]), span.to_ms]
    for gap, (from_ms, to_ms) in zip(gaps, pairwise(edges), strict=True):
        yield Piece(from_ms, to_ms, _UNKNOWN, gap.bucket, gap.evidence)
