"""Months that are short, running or without data, and amounts at the edges: each with its figures written out."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from msgspec.structs import replace

from pantau_collector.contracts import Contract, Covered, valid_span
from pantau_collector.ledger import Bucket, Evidence, Interval
from pantau_collector.ledger.spans import Span
from pantau_collector.settlement import (
    CameraLife,
    Month,
    Settlement,
    Verdict,
    needs_earlier,
    settle,
    times_without_contract,
)
from pantau_contract.states import State

HOUR = 3_600_000
DAY = 24 * HOUR
ZONE = "Asia/Jakarta"
OCTOBER = Month(2026, 10)
TIERS: list[dict[str, Any]] = [
    {"at_least": 98, "below": 100, "percent": 0},
    {"at_least": 90, "below": 98, "percent": "2.5"},
    {"at_least": 0, "below": 90, "percent": 50},
]


def contract(**changes: Any) -> Contract:
    values: dict[str, Any] = {
        "id": "c",
        "kind": "rental",
        "party": "teknik",
        "valid_from": "2016-01-01",
        "valid_to": "2030-12-31",
        "covers": [{"maintained": True}],
        "link": "at_site",
        "counts": ["camera", "power"],
        "target": 98,
        "fee": 31_000_000,
        "fee_per": "month",
        "penalties": [{"kind": "availability", "tiers": TIERS}],
    }
    return Contract.model_validate(values | changes)


def life(month: Month, *parts: tuple[float, Bucket], name: str = "cam", months: int = 1) -> CameraLife:
    """A camera that is covered all the time: so many hours in each bucket, from the month's beginning on."""
    begin_ms, end_ms = month.span(ZONE).from_ms, month.plus(months - 1).span(ZONE).to_ms
    intervals, at_ms = [], begin_ms
    for hours, bucket in parts:
        to_ms = at_ms + int(hours * HOUR)
        state = State.OK if bucket is Bucket.WORKING else State.UNKNOWN
        intervals.append(Interval(at_ms, to_ms, bucket, bucket, bucket, state, None, Evidence.SAMPLES))
        at_ms = to_ms
    return CameraLife("kabil", name, [Covered(begin_ms, end_ms, "normal", ZONE)], intervals)


def delay(each: str, after: str = "repair", **rate: Any) -> dict[str, Any]:
    return {"kind": "delay", "after": after, "each": each, **(rate or {"amount": 1000})}


def classes(**hours: Any) -> list[dict[str, Any]]:
    return [{"criticality": ["high", "normal", "low"], **hours}]


@pytest.mark.parametrize("doubt", ["for_party", "against_party", "left_out"])
def test_a_month_without_data_is_not_judged_and_costs_nobody_anything(doubt: str) -> None:
    terms = contract(
        doubt=doubt,
        penalties=[{"kind": "availability", "tiers": TIERS}, {"kind": "restitution"}, delay("hour", "start")],
    )
    for lives in ([], [life(OCTOBER)], [life(OCTOBER, (744, Bucket.NOT_KNOWN))]):
        found = settle(terms, OCTOBER, lives)
        assert found.verdict is Verdict.NOT_JUDGED
        assert (found.times.availability, found.times.online, found.camera_times.intact) == (None, None, None)
        assert found.lines == ()
        assert [found.fee, found.deduction, found.payable] == [31_000_000, 0, 31_000_000]
        assert found.times.measured_share == (0 if lives else None)


def test_a_camera_without_data_beside_one_with_some_counts_as_the_doubt_says() -> None:
    lives = [life(OCTOBER, name="dead"), life(OCTOBER, (744, Bucket.WORKING), name="well")]
    of = {
        doubt: settle(contract(doubt=doubt), OCTOBER, lives)
        for doubt in ("for_party", "against_party", "left_out")
    }
    assert of["for_party"].times.availability == 1
    assert of["against_party"].times.availability == Fraction(1, 2)
    assert of["left_out"].times.availability == 1
    assert {each.times.measured_share for each in of.values()} == {Fraction(1, 2)}
    assert of["against_party"].deduction == 15_500_000


def test_ten_days_without_power_of_thirty_are_not_a_hundred_percent() -> None:
    month = Month(2026, 9)
    down = life(month, (240, Bucket.WORKING), (240, Bucket.POWER), (240, Bucket.WORKING))
    assert settle(contract(), month, [down]).times.availability == Fraction(2, 3)
    free = times_without_contract(down.intervals, month.span(ZONE))
    assert (free.availability, free.online, free.intact) == (Fraction(2, 3),) * 3
    excused = settle(contract(counts=["camera"]), month, [down])
    assert excused.times.availability == 1
    assert excused.times.excluded_by == {Bucket.POWER: 240 * HOUR}


def test_without_a_contract_our_own_fault_maintenance_and_doubt_are_left_out() -> None:
    parts = [(100, Bucket.WORKING), (50, Bucket.PICTURE), (50, Bucket.CAMERA), (100, Bucket.LINK)]
    parts += [
        (100, Bucket.WATCHER),
        (100, Bucket.MAINTENANCE),
        (44, Bucket.OUT_OF_SERVICE),
        (100, Bucket.NOT_KNOWN),
    ]
    times = times_without_contract(life(OCTOBER, *parts).intervals, OCTOBER.span(ZONE))
    assert times.judged_ms == 300 * HOUR
    assert (times.availability, times.online, times.intact) == (Fraction(1, 2), Fraction(1, 2), Fraction(1, 3))
    assert times.excluded_ms == 400 * HOUR  # 100 h after the last interval are not known either
    assert times.out_of_service_ms == 44 * HOUR
    span = OCTOBER.span(ZONE)
    first = times_without_contract(
        life(OCTOBER, *parts).intervals, span, [Span(span.from_ms, span.from_ms + 150 * HOUR)]
    )
    assert (first.judged_ms, first.not_covered_ms) == (150 * HOUR, 594 * HOUR)


@pytest.mark.parametrize(
    ("month", "days"),
    [("2026-02", 28), ("2028-02", 29), ("2026-10", 31), ("2016-12", 31), ("2015-06", 30), ("2026-12", 31)],
)
def test_a_month_has_its_days_and_no_leap_second(month: str, days: int) -> None:
    found = settle(contract(), Month.parse(month), [life(Month.parse(month), (days * 24, Bucket.WORKING))])
    assert found.to_ms - found.from_ms == found.times.available_ms == days * DAY
    assert [found.month, found.times.availability] == [month, 1]


def test_a_month_follows_the_clock_of_its_zone() -> None:
    berlin = {month: Month(2026, month).span("Europe/Berlin") for month in (3, 10)}
    assert {month: span.to_ms - span.from_ms for month, span in berlin.items()} == {
        3: 31 * DAY - HOUR,
        10: 31 * DAY + HOUR,
    }


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "26-10", "2026/10", "9999-12", "", "2026-10-01"])
def test_what_is_no_month_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a month (from 1970 to 9998, )?such as 2026-10"):
        Month.parse(text)


def test_a_running_month_is_provisional_and_judged_by_what_has_passed() -> None:
    begin_ms = OCTOBER.span(ZONE).from_ms
    running = life(OCTOBER, (10 * 24, Bucket.WORKING), (10 * 24, Bucket.CAMERA), (11 * 24, Bucket.WORKING))
    found = settle(contract(), OCTOBER, [running], until_ms=begin_ms + 15 * DAY)
    assert found.is_provisional
    assert found.times.availability == Fraction(10, 15)
    assert found.times.period_ms == 15 * DAY
    # 66.67 %: half of the fee of the whole month.
    assert [found.fee, found.deduction] == [31_000_000, 15_500_000]
    over = settle(contract(), OCTOBER, [running], until_ms=begin_ms + 40 * DAY)
    assert over == settle(contract(), OCTOBER, [running])
    assert not over.is_provisional
    unbegun = settle(contract(unit="site"), OCTOBER, [running], until_ms=begin_ms - DAY)
    assert (unbegun.verdict, unbegun.times.period_ms) == (Verdict.NOT_JUDGED, 0)


@pytest.mark.parametrize(
    ("first", "last", "fee"),
    [
        ("2026-10-01", "2026-10-31", 31_000_000),
        ("2026-10-16", "2026-12-31", 16_000_000),
        ("2026-01-01", "2026-10-10", 10_000_000),
        ("2026-10-31", "2026-10-31", 1_000_000),
        ("2026-01-01", "2026-09-30", 0),
    ],
)
def test_the_fee_of_a_part_of_a_month_is_by_its_days(first: str, last: str, fee: int) -> None:
    terms = contract(valid_from=first, valid_to=last)
    begin_ms, end_ms = valid_span(terms)
    camera = life(OCTOBER, (744, Bucket.WORKING))
    spans = [
        each._replace(from_ms=max(each.from_ms, begin_ms), to_ms=min(each.to_ms, end_ms)) for each in camera.spans
    ]
    covered = [each for each in spans if each.from_ms < each.to_ms]
    found = settle(terms, OCTOBER, [CameraLife("kabil", "cam", covered, camera.intervals)])
    assert found.fee == fee
    assert [each.fee for each in found.units] == [fee]


def test_the_shares_of_a_fee_sum_to_it() -> None:
    lives = [life(OCTOBER, (744, Bucket.WORKING), name=name) for name in ("a", "b", "c")]
    found = settle(contract(fee=100), OCTOBER, lives)
    # A third of 100 is 33.33: the sums are 33, 67 and 100.
    assert [each.fee for each in found.units] == [33, 34, 33]


@pytest.mark.parametrize(
    ("lost_hours", "percent"),
    [
        (0, 0),
        (Fraction("14.88"), 0),
        (Fraction("14.881"), Decimal("2.5")),
        (Fraction("74.4"), Decimal("2.5")),
        (75, 50),
        (744, 50),
    ],
)
def test_a_tier_begins_with_its_lower_bound(lost_hours: float, percent: Decimal) -> None:
    # 2 % of 744 h are 14.88 h, 10 % are 74.4 h.
    hours = float(lost_hours)
    found = settle(contract(), OCTOBER, [life(OCTOBER, (hours, Bucket.CAMERA), (744 - hours, Bucket.WORKING))])
    assert [each.amount for each in found.lines] == [310_000 * percent]


@pytest.mark.parametrize(("rounding", "amount"), [("half_up", 3), ("down", 2), ("up", 3)])
def test_half_a_rupiah_is_rounded_as_the_contract_says(rounding: str, amount: int) -> None:
    terms = contract(
        fee=5, rounding=rounding, penalties=[{"kind": "availability", "tiers": [TIERS[2] | {"below": 100}]}]
    )
    assert settle(terms, OCTOBER, [life(OCTOBER, (744, Bucket.WORKING))]).deduction == amount


def test_a_restitution_is_never_more_than_the_fee_and_none_if_the_target_is_met() -> None:
    terms = contract(target=50, penalties=[{"kind": "restitution"}])
    half = settle(terms, OCTOBER, [life(OCTOBER, (372, Bucket.CAMERA), (372, Bucket.WORKING))])
    assert (half.verdict, half.lines) == (Verdict.MET, ())
    # All of it lost: the fee / 0.5 would be twice the fee.
    lost = settle(terms, OCTOBER, [life(OCTOBER, (744, Bucket.CAMERA))])
    assert [lost.lines[0].quantity, lost.lines[0].amount, lost.payable] == [2, 31_000_000, 0]


def test_a_restitution_by_the_text_book() -> None:
    # Fee x hours down / (hours of the month x target): 31,000,000 x 24 / (744 x 0.98) = 1,020,408.16.
    terms = contract(penalties=[{"kind": "restitution"}])
    found = settle(terms, OCTOBER, [life(OCTOBER, (24, Bucket.CAMERA), (720, Bucket.WORKING))])
    assert found.deduction == 1_020_408


@pytest.mark.parametrize(
    ("each", "by_month"),
    [
        # Down from 15 September 12:00 to 20 November 6:30; 100 h to repair it. Lost: 372, 744 and 462.5 h.
        # Overtime up to the end of each month: 272, 1016 and 1478.5 h.
        ("hour", [272_000, 744_000, 462_500]),
        ("begun_hour", [272_000, 744_000, 463_000]),
        ("begun_day", [12_000, 31_000, 19_000]),  # 12, 43 and 62 begun days
        ("occasion", [1000, 0, 0]),
    ],
)
def test_each_month_pays_for_its_own_part_of_an_outage(each: str, by_month: list[int]) -> None:
    september = Month(2026, 9)
    down = life(
        september,
        (14 * 24 + 12, Bucket.WORKING),
        (372 + 744 + 462.5, Bucket.CAMERA),
        (257.5, Bucket.WORKING),
        months=3,
    )
    terms = contract(fee=1_000_000_000, classes=classes(repair_hours=100), penalties=[delay(each)])
    found = [settle(terms, september.plus(i), [down]) for i in range(3)]
    assert [settled.deduction for settled in found] == by_month
    assert [outage.is_over for settled in found for unit in settled.units for outage in unit.outages] == [
        False,
        False,
        True,
    ]


def test_earlier_months_are_asked_for_until_the_camera_worked() -> None:
    terms = contract(classes=classes(repair_hours=1), penalties=[delay("hour")])
    down = life(OCTOBER, (10, Bucket.CAMERA), (734, Bucket.WORKING))
    assert needs_earlier(terms, OCTOBER, [down]) == [down]
    assert needs_earlier(terms, OCTOBER, [life(OCTOBER, (744, Bucket.WORKING))]) == []
    assert needs_earlier(contract(valid_from="2026-10-01"), OCTOBER, [down]) == []
    before = Month(2026, 9)
    worked = life(before, (719, Bucket.WORKING), (11, Bucket.CAMERA), (734, Bucket.WORKING), months=2)
    assert needs_earlier(terms, OCTOBER, [worked]) == []
    still = life(before, (730, Bucket.CAMERA), (734, Bucket.WORKING), months=2)
    assert needs_earlier(terms, OCTOBER, [still]) == [still]
    year = life(OCTOBER.plus(-12), (9000, Bucket.CAMERA), months=13)
    assert needs_earlier(terms, OCTOBER, [year]) == []


def test_what_is_excused_or_outside_hours_does_not_end_an_outage_and_is_not_counted() -> None:
    terms = contract(
        counts=["camera"], hours=["08:00-16:00"], classes=classes(repair_hours=6), penalties=[delay("hour")]
    )
    # 1 Oct 00:00: down for 34 h, but for a power cut from 10:00 to 12:00; then it works. Lost: 8-10 and 12-16 on
    # the 1st, and 8-10 on the 2nd: 8 h, 2 of them beyond the repair time.
    parts = [(10, Bucket.CAMERA), (2, Bucket.POWER), (22, Bucket.CAMERA), (710, Bucket.WORKING)]
    found = settle(terms, OCTOBER, [life(OCTOBER, *parts)])
    [outage] = found.units[0].outages
    assert (outage.lost_ms, outage.is_over) == (8 * HOUR, True)
    assert found.deduction == 2000
    # It works for the night alone: that is a repair, and the second day begins anew.
    parts = [(16, Bucket.CAMERA), (1, Bucket.WORKING), (23, Bucket.CAMERA), (704, Bucket.WORKING)]
    found = settle(terms, OCTOBER, [life(OCTOBER, *parts)])
    assert [each.lost_ms for each in found.units[0].outages] == [8 * HOUR, 8 * HOUR]
    assert found.deduction == 4000


def test_an_outage_ends_where_the_contract_does_not_cover_the_camera() -> None:
    terms = contract(classes=classes(repair_hours=20), penalties=[delay("hour")])
    down = life(OCTOBER, (744, Bucket.CAMERA))
    begin_ms = down.spans[0].from_ms
    days = [Covered(begin_ms + day * DAY, begin_ms + (day + 1) * DAY, "normal", ZONE) for day in (0, 2)]
    found = settle(terms, OCTOBER, [CameraLife("kabil", "cam", days, down.intervals)])
    # Two outages of a day each, 4 h of each beyond the repair time.
    assert [each.lost_ms for each in found.units[0].outages] == [DAY, DAY]
    assert found.deduction == 8000


@pytest.mark.parametrize(("link", "lost_hours"), [("at_site", 10), ("unseen", 0)])
def test_beyond_its_allowance_maintenance_counts_as_it_was_at_the_site(link: str, lost_hours: int) -> None:
    camera = life(OCTOBER, (10, Bucket.MAINTENANCE), (734, Bucket.WORKING))
    cut = replace(camera.intervals[0], unplanned=Bucket.LINK, at_site=Bucket.CAMERA)
    lives = [CameraLife("kabil", "cam", camera.spans, [cut, camera.intervals[1]])]
    found = settle(contract(link=link, maintenance_hours=0), OCTOBER, lives)
    assert found.times.lost_ms == lost_hours * HOUR


def test_the_response_ends_with_the_acknowledgement_also_of_an_incident_that_began_before() -> None:
    terms = contract(classes=classes(response_hours=1), penalties=[delay("hour", "response")])
    down = life(OCTOBER, (10, Bucket.CAMERA), (734, Bucket.WORKING))
    begin_ms = down.spans[0].from_ms

    def deducted(*taken: tuple[float, float]) -> Settlement:
        spans = [Span(begin_ms + int(a * HOUR), begin_ms + int(b * HOUR)) for a, b in taken]
        return settle(terms, OCTOBER, [CameraLife("kabil", "cam", down.spans, down.intervals, spans)])

    assert deducted().deduction == 9000
    assert deducted((3, 11)).deduction == 2000
    assert deducted((-5, 2)).deduction == 0
    assert deducted((11, 12)).deduction == 9000
    assert deducted((0.5, 0.6)).units[0].outages[0].taken_ms == begin_ms + HOUR // 2


def test_a_line_that_takes_ten_cameras_is_one_outage() -> None:
    lives = [life(OCTOBER, (10, Bucket.LINK), (734, Bucket.WORKING), name=f"cam{i}") for i in range(10)]
    lines = {"counts": ["link"], "link": "unseen", "penalties": [delay("occasion", "start")]}
    assert settle(contract(unit="site", **lines), OCTOBER, lives).deduction == 1000
    assert settle(contract(unit="camera", **lines), OCTOBER, lives).deduction == 10_000


def test_a_cap_holds_all_penalties_together() -> None:
    lost = [life(OCTOBER, (744, Bucket.CAMERA))]
    assert settle(contract(cap_percent=10), OCTOBER, lost).deduction == 3_100_000
    assert settle(contract(cap_percent=10, cap=2_000_000), OCTOBER, lost).deduction == 2_000_000
    found = settle(contract(cap=99_000_000), OCTOBER, lost)
    assert [found.penalties, found.cap, found.is_capped] == [15_500_000, 31_000_000, False]
