"""Applies decisions to the ledger's intervals. Only time that was lost moves, and nothing is added or taken."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pantau_collector.attribution.decision import CameraKey, Decision
from pantau_collector.ledger import Interval
from pantau_collector.ledger.bucket import NOT_LOST
from pantau_collector.ledger.interval import retimed
from pantau_collector.ledger.spans import FOREVER_MS, Span, near, subtract, union


class Decisions:
    """Decisions by the cameras that they are about; loaded once for any number of cameras."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self._of_camera: dict[CameraKey, list[Decision]] = {}
        for decision in decisions:
            for camera in decision.cameras:
                self._of_camera.setdefault(camera, []).append(decision)

    def of(self, site: str, camera: str) -> Sequence[Decision]:
        """Return the decisions about a camera."""
        return self._of_camera.get((site, camera), ())

    def apply(self, site: str, camera: str, intervals: list[Interval]) -> list[Interval]:
        """Return the ledger's intervals of a camera as people decided; see `decided`."""
        return decided(intervals, self.of(site, camera))


def decided(intervals: list[Interval], decisions: Sequence[Decision]) -> list[Interval]:
    """Return a camera's intervals, as the ledger has them, with the decisions about it applied.

    At each moment the decision with the highest id counts, in whatever order they are given. Only `bucket`,
    `decision` and `moved_from` change, so the evidence stays readable; and the sum of all buckets stays the same.
    """
    if not decisions:
        return intervals
    ruled = _ruled(decisions)
    return [part for each in intervals for part in _moved(each, ruled)]


class _Ruled(NamedTuple):
    """A stretch of time, and the decision that counts in it."""

    from_ms: int
    to_ms: int
    decision: Decision


def _ruled(decisions: Iterable[Decision]) -> list[_Ruled]:
    """Return the stretches about which anything was decided, in order; they do not overlap."""
    found: list[_Ruled] = []
    taken: list[Span] = []
    for each in sorted(decisions, key=lambda decision: decision.id, reverse=True):
        span = Span(each.from_ms, FOREVER_MS if each.to_ms is None else each.to_ms)
        if span.from_ms < span.to_ms:
            found += [_Ruled(*part, each) for part in subtract([span], taken)]
            taken = union([*taken, span])
    return sorted(found, key=lambda ruled: ruled.from_ms)


def _moved(interval: Interval, ruled: Sequence[_Ruled]) -> Iterator[Interval]:
    """Yield the parts of an interval, those moved about which a decision counts."""
    if interval.bucket in NOT_LOST:
        yield interval
        return
    at_ms = interval.from_ms
    for each in near(ruled, Span(interval.from_ms, interval.to_ms)):
        if each.decision.to is None:
            continue
        from_ms, to_ms = max(each.from_ms, at_ms), min(each.to_ms, interval.to_ms)
        if at_ms < from_ms:
            yield retimed(interval, at_ms, from_ms)
        yield Interval(
            from_ms,
            to_ms,
            each.decision.to,
            interval.unplanned,
            interval.at_site,
            interval.state,
            interval.cause,
            interval.evidence,
            interval.device,
            each.decision.id,
            interval.bucket,
        )
        at_ms = to_ms
    if at_ms < interval.to_ms:
        yield retimed(interval, at_ms, interval.to_ms)
