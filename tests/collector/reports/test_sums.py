"""Whatever a camera's life was: its outages, days and groups sum to it, by a second way of adding up."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_collector.inventory import Inventory, InventoryCamera, InventorySite
from pantau_collector.inventory.history import InventorySpan
from pantau_collector.ledger import Bucket, Evidence, Interval
from pantau_collector.ledger.interval import clip
from pantau_collector.ledger.spans import Span
from pantau_collector.reports.document import OutageKind, Period
from pantau_collector.reports.figures import Days, Sum
from pantau_collector.reports.groups import Groups
from pantau_collector.reports.outages import REPEAT_MS, IncidentFacts, outages_of, repairs_of
from pantau_collector.settlement import Month
from pantau_collector.settlement.tally import times_without_contract
from pantau_contract.states import State

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ZONES = ("Asia/Jakarta", "Asia/Jayapura", "Europe/Berlin", "America/New_York")
LOST = [each for each in Bucket if each not in (Bucket.WORKING, Bucket.OUT_OF_SERVICE)]
KINDS = {Bucket.PICTURE: OutageKind.PICTURE, Bucket.BELOW_STANDARD: OutageKind.BELOW_STANDARD}


def interval(from_ms: int, to_ms: int, bucket: Bucket, at_site: Bucket | None = None) -> Interval:
    state = State.UNKNOWN if bucket in (Bucket.NOT_KNOWN, Bucket.POWER) else State.OK
    return Interval(from_ms, to_ms, bucket, bucket, at_site or bucket, state, None, Evidence.SAMPLES)


@st.composite
def stories(draw: st.DrawFn) -> tuple[Period, list[Interval]]:
    """Draw a month (with a change of the clock, or without), and a life from some days before it to its end."""
    month = Month(draw(st.sampled_from((2026, 2028))), draw(st.sampled_from((2, 3, 10, 11))))
    zone = draw(st.sampled_from(ZONES))
    from_ms, to_ms = month.span(zone)
    begin_ms = from_ms - draw(st.integers(0, 9)) * DAY_MS
    cuts = draw(st.lists(st.integers(begin_ms + 1, to_ms - 1), max_size=25))
    edges = sorted({begin_ms, from_ms + draw(st.sampled_from((0, 1))), to_ms, *cuts})
    parts = pairwise(edges)
    life = [
        interval(*part, draw(st.sampled_from(list(Bucket))), draw(st.sampled_from((None, Bucket.WORKING))))
        for part in parts
    ]
    return Period(str(month), zone, from_ms, to_ms), life


def by_bucket(intervals: Sequence[Interval]) -> dict[Bucket, int]:
    """Add up milliseconds, bucket by bucket."""
    sums = {bucket: sum(each.ms for each in intervals if each.bucket is bucket) for bucket in Bucket}
    return {bucket: ms for bucket, ms in sums.items() if ms}


def bucket_at(intervals: Sequence[Interval], ms: int) -> Bucket:
    return next(each.bucket for each in intervals if each.from_ms <= ms < each.to_ms)


@given(stories())
def test_outages_hold_all_lost_time_once_and_each_is_as_long_as_it_can_be(
    story: tuple[Period, list[Interval]],
) -> None:
    period, life = story
    found = outages_of("s", "c", life, period)
    within = by_bucket(clip(life, period.from_ms, period.to_ms))
    sums = {bucket: sum(each.ms.get(bucket, 0) for each in found) for bucket in Bucket}
    assert {bucket: ms for bucket, ms in sums.items() if ms} == {
        bucket: ms for bucket, ms in within.items() if bucket in LOST
    }
    for each in found:
        assert each.ms_in_period == min(each.to_ms, period.to_ms) - max(each.from_ms, period.from_ms) > 0
        whole = by_bucket(clip(life, each.from_ms, each.to_ms))
        assert {KINDS.get(bucket, OutageKind.OFFLINE) for bucket in whole} == {each.kind}
        assert whole[each.bucket] == max(whole.values())
        assert each.goes_on == (each.to_ms == period.to_ms)
        for beside in (each.from_ms - 1, each.to_ms):
            if life[0].from_ms <= beside < period.to_ms:
                bucket = bucket_at(life, beside)
                assert bucket not in LOST or KINDS.get(bucket, OutageKind.OFFLINE) is not each.kind
    assert repairs_of(found).outages == sum(each.kind is OutageKind.OFFLINE for each in found)
    assert repairs_of(found).repaired == sum(
        each.kind is OutageKind.OFFLINE and not each.goes_on for each in found
    )


@given(stories())
def test_days_sum_to_the_month_and_have_the_rates_of_the_settlement(story: tuple[Period, list[Interval]]) -> None:
    period, life = story
    days = Days(period)
    sums = days.of_camera(life)
    assert Sum.of(sums).figures().ms == {
        bucket: ms for bucket in Bucket if (ms := by_bucket(clip(life, period.from_ms, period.to_ms)).get(bucket))
    }
    rows = days.rows(sums)
    assert [row.date for row in rows] == [f"{period.month}-{day:02}" for day in range(1, len(rows) + 1)]
    for edge, end, row in zip(days.edges, days.edges[1:], rows, strict=False):
        times = times_without_contract(life, Span(edge, end))
        assert sum(row.figures.ms.values()) == end - edge
        assert row.figures.ms.get(Bucket.OUT_OF_SERVICE, 0) == times.out_of_service_ms
        assert (row.figures.online.good_ms, row.figures.online.of_ms) == (times.online_ms, times.judged_ms)
        assert row.figures.intact.good_ms == times.intact_ms
        assert row.figures.measured.good_ms == times.measured_ms


def of_owner(owner: str) -> Inventory:
    return Inventory(sites=[InventorySite(id="s")], cameras=[InventoryCamera(site="s", id="c", owner=owner)])


@given(stories(), st.lists(st.tuples(st.integers(0, 28 * 24), st.sampled_from("abc")), max_size=4))
def test_each_owner_has_the_time_in_which_the_camera_was_its_own(
    story: tuple[Period, list[Interval]], moves: list[tuple[int, str]]
) -> None:
    period, life = story
    owner_from = {period.from_ms: "a"} | {
        period.from_ms + hours * HOUR_MS: owner for hours, owner in sorted(moves)
    }
    edges = [*owner_from, period.to_ms]
    spans = [InventorySpan(edge, end, of_owner(owner_from[edge])) for edge, end in pairwise(edges)]
    total = Sum.of(Days(period).of_camera(life))
    outages = outages_of("s", "c", life, period)
    groups = Groups("owner", period)
    groups.add("s", "c", spans, life, total, outages)
    rows = groups.rows(of_owner("a"))
    for row in rows:
        own = [
            part
            for span in spans
            if span.inventory.camera("s", "c").owner == row.key
            for part in clip(life, *span[:2])
        ]
        assert row.figures.ms == {bucket: ms for bucket in Bucket if (ms := by_bucket(own).get(bucket))}
    assert sum(row.repairs.outages for row in rows) == repairs_of(outages).outages
    assert sum(row.repairs.repaired_after_ms for row in rows) == repairs_of(outages).repaired_after_ms


@pytest.mark.parametrize(("gap_ms", "repeats"), [(REPEAT_MS, True), (REPEAT_MS + 1, False)])
def test_a_fault_repeats_if_it_comes_again_within_seven_days(gap_ms: int, repeats: bool) -> None:
    assert REPEAT_MS == 7 * DAY_MS
    period = Period("2026-10", "Asia/Jakarta", *Month(2026, 10).span("Asia/Jakarta"))
    begin_ms = period.from_ms - 8 * DAY_MS
    first_ms = period.from_ms - REPEAT_MS + HOUR_MS
    again_ms = first_ms + HOUR_MS + gap_ms
    life = [
        interval(begin_ms, first_ms, Bucket.WORKING),
        interval(first_ms, first_ms + HOUR_MS, Bucket.CAMERA),
        interval(first_ms + HOUR_MS, again_ms - HOUR_MS, Bucket.WORKING),
        interval(again_ms - HOUR_MS, again_ms, Bucket.OUT_OF_SERVICE),
        interval(again_ms, again_ms + HOUR_MS, Bucket.CAMERA),
        interval(again_ms + HOUR_MS, again_ms + 2 * HOUR_MS, Bucket.WORKING),
        interval(again_ms + 2 * HOUR_MS, period.to_ms, Bucket.DEVICE),
    ]
    again, other = outages_of("s", "c", life, period)
    assert again.repeat_of_ms == (first_ms + HOUR_MS if repeats else None)
    assert other.repeat_of_ms is None  # another bucket


def test_an_outage_belongs_to_the_incident_that_it_has_the_most_time_in_common_with() -> None:
    period = Period("2026-10", "Asia/Jakarta", *Month(2026, 10).span("Asia/Jakarta"))
    at_ms = period.from_ms
    life = [
        interval(at_ms, at_ms + HOUR_MS, Bucket.WORKING),
        interval(at_ms + HOUR_MS, at_ms + 4 * HOUR_MS, Bucket.CAMERA),
        interval(at_ms + 4 * HOUR_MS, period.to_ms, Bucket.WORKING),
    ]
    incidents = [
        IncidentFacts(1, at_ms, at_ms + 2 * HOUR_MS),
        IncidentFacts(2, at_ms + 2 * HOUR_MS, None),
        IncidentFacts(3, at_ms + 5 * HOUR_MS, None),
    ]
    [outage] = outages_of("s", "c", life, period, incidents)
    assert outage.incident == 2
    [alone] = outages_of("s", "c", life, period, incidents[2:])
    assert alone.incident is None
