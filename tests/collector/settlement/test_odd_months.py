"""Odd months, computed by hand from docs/availability.md: all of October 2026, whose 31 days have 744 hours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pantau_collector.contracts import Contract, Covered
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Bucket, Evidence, Interval
from pantau_collector.ledger.spans import Span
from pantau_collector.reports.accounts import account_of
from pantau_collector.settlement import CameraLife, Month, Settlement, settle
from pantau_contract.states import State

HOUR = 3_600_000
OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
WIB, WITA = "Asia/Jakarta", "Asia/Makassar"
BUCKETS = {
    State.OK: {Bucket.WORKING},
    State.DOWN: {Bucket.CAMERA, Bucket.THIRD_PARTY},
}


def at(text: str, zone: str = WIB) -> int:
    return int(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def piece(from_ms: int, to_ms: int, bucket: Bucket, unplanned: Bucket | None = None) -> Interval:
    state = next((state for state, its in BUCKETS.items() if bucket in its), State.UNKNOWN)
    at_site = Bucket.WORKING if Bucket.LINK in (bucket, unplanned) else (unplanned or bucket)
    return Interval(from_ms, to_ms, bucket, unplanned or bucket, at_site, state, None, Evidence.SAMPLES)


def life(name: str, changes: Mapping[str, Bucket], spans: Sequence[Covered], zone: str = WIB) -> CameraLife:
    """A camera that works from September on; each change lasts until the next, the last to the end of November."""
    edges = [at("09-01 00:00"), *(at(each, zone) for each in changes), at("12-01 00:00")]
    buckets = [Bucket.WORKING, *changes.values()]
    its = [piece(begin, end, bucket) for (begin, end), bucket in zip(pairwise(edges), buckets, strict=True)]
    site, camera = name.split("/")
    return CameraLife(site, camera, spans, its)


def always(zone: str = WIB, first: str = "10-01 00:00", after: str = "11-01 00:00") -> list[Covered]:
    return [Covered(at(first), at(after), "normal", zone)]


def contract(**changes: Any) -> Contract:
    values: dict[str, Any] = {
        "id": "c",
        "kind": "maintenance",
        "party": "p",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "covers": [{"maintained": True}],
        "counts": ["camera", "device", "picture"],
        "link": "at_site",
        "target": 99,
        "classes": [{"criticality": ["high", "normal", "low"], "response_hours": 1, "repair_hours": 4}],
        "fee": 3_100_000,
        "fee_per": "month",
    }
    return Contract.model_validate(values | changes)


def delay(after: str, each: str, amount: int) -> dict[str, Any]:
    return {"kind": "delay", "after": after, "each": each, "amount": amount}


def hours(ms: Iterable[int]) -> list[Fraction]:
    return [Fraction(each, HOUR) for each in ms]


def places(found: Settlement) -> list[Fraction]:
    """Hours that are available, lost and excluded."""
    return hours((found.times.available_ms, found.times.lost_ms, found.times.excluded_ms))


def test_an_outage_in_wita_across_the_turn_of_the_month_with_repair_time_on_weekdays() -> None:
    # Down from Fri 30 Oct 10:30 and 1 ms to Tue 3 Nov 12:00, not known on Saturday: one outage. By the clock of
    # Mon-Fri 08-16 WITA it lost on Friday 5.5 h less 1 ms; on Monday 8 h and on Tuesday 4 h.
    terms = contract(
        zone_by_tag={"wita": WITA},
        hours=["Mon-Fri 08:00-16:00"],
        penalties=[
            *(delay("repair", each, 50_000) for each in ("begun_hour", "hour", "occasion")),
            *(delay("response", each, 10_000) for each in ("begun_hour", "hour", "occasion")),
        ],
    )
    changes = {
        "10-30 10:30:00.001": Bucket.CAMERA,
        "10-31 00:00": Bucket.NOT_KNOWN,
        "11-01 00:00": Bucket.CAMERA,
        "11-03 12:00": Bucket.WORKING,
    }
    camera = life("makassar/c", changes, always(WITA, "10-01 00:00", "12-01 00:00"), WITA)
    camera = replace(camera, taken=[Span(at("11-02 09:00", WITA), at("11-03 13:00", WITA))])
    october, november = settle(terms, OCTOBER, [camera]), settle(terms, NOVEMBER, [camera])
    # October has 22 weekdays of 8 h. Repair within 4 h: 1.5 h less 1 ms are beyond, 2 hours begun. Response
    # within 1 h: 4.5 h less 1 ms, 5 begun.
    assert october.times.lost_ms == 5 * HOUR + HOUR // 2 - 1
    assert october.times.judged_ms == 176 * HOUR
    # 50,000 x 5,399,999 / 3,600,000 = 74,999.98..., 10,000 x 16,199,999 / 3,600,000 = 44,999.997...
    assert [each.amount for each in october.lines] == [100_000, 75_000, 50_000, 50_000, 45_000, 10_000]
    # November: 12 h more are beyond the repair time, from 1.5 to 13.5 h less 1 ms: 14 begun, less 2. It was taken
    # on Monday at 9: 1 h more, from 4.5 to 5.5 h less 1 ms: 6 begun, less 5. Both began in October.
    assert [each.amount for each in november.lines] == [600_000, 600_000, 10_000, 10_000]
    assert [each.quantity for each in november.lines] == [12, 12, 1, 1]


def test_a_camera_that_moves_on_the_tenth_from_a_monthly_fee_to_one_for_each_unit() -> None:
    # It is down from 9 Oct 22:00 to 10 Oct 03:00, and moves at midnight.
    changes = {"10-09 22:00": Bucket.CAMERA, "10-10 03:00": Bucket.WORKING}
    late = [delay("start", "hour", 1000), delay("repair", "hour", 100_000)]
    classes = [{"criticality": ["high", "normal", "low"], "repair_hours": 2}]
    before = settle(
        contract(penalties=[*late, {"kind": "restitution", "per": "unit"}], classes=classes),
        OCTOBER,
        [life("k/c", changes, always(after="10-10 00:00")), life("k/x", {}, always())],
    )
    # Of 9 + 31 = 40 days of cameras 9 are its own: 3,100,000 x 9 / 40.
    assert [each.fee for each in before.units] == [697_500, 2_402_500]
    # 2 h were lost, and the repair time is 2 h. Its availability is 214 / 216 h = 99.07 %: met.
    assert places(before) == [958, 2, 0]
    assert [each.amount for each in before.lines] == [2000]
    assert [before.fee, before.payable] == [3_100_000, 3_098_000]
    after = settle(
        contract(fee=310_000, fee_per="unit", penalties=late, classes=classes),
        OCTOBER,
        [life("k/c", changes, always(first="10-10 00:00"))],
    )
    # 22 of 31 days. The other contract's two hours are nothing to this one: of 3 h, 1 h is beyond the repair time.
    assert after.fee == 220_000
    assert places(after) == [525, 3, 0]
    assert [each.amount for each in after.lines] == [3000, 100_000]


@pytest.mark.parametrize("planned", [5, 10])
def test_a_cut_line_of_ten_cameras_some_of_which_had_planned_maintenance(planned: int) -> None:
    # Cut on 12 Oct 10:00-20:00; planned 09:00-15:00, of which 2 h of each camera are allowed. Until 10:00 all
    # worked.
    def one(number: int) -> CameraLife:
        cut = piece(at("10-12 15:00"), at("10-12 20:00"), Bucket.LINK)
        begin = Bucket.MAINTENANCE if number < planned else Bucket.LINK
        its = [
            piece(at("10-01 00:00"), at("10-12 10:00"), Bucket.WORKING),
            piece(at("10-12 10:00"), at("10-12 15:00"), begin, Bucket.LINK),
            cut,
            piece(cut.to_ms, at("11-01 00:00"), Bucket.WORKING),
        ]
        return CameraLife("site", f"c{number}", always(), its)

    terms = contract(
        unit="site",
        link="unseen",
        counts=["link"],
        available=["below_standard", "camera", "device"],
        penalties=[delay("start", "hour", 100), {"kind": "restitution"}],
        maintenance_hours=2,
    )
    found = settle(terms, OCTOBER, [one(number) for number in range(10)])
    [site] = found.units
    # A site is lost if any camera is: all 10 h while some were not planned. If all were, 10-12 is left out.
    lost = 10 if planned < 10 else 8
    assert places(found) == [734, lost, 10 - lost]
    [outage] = site.outages
    assert outage.from_ms == at("10-12 10:00" if planned < 10 else "10-12 12:00")
    # Online is by camera: each was seen for 734 h; judged are 742 h of those planned, and 744 h of the others.
    assert found.camera_times.online == Fraction(7340, planned * 742 + (10 - planned) * 744)
    # 3,100,000 x 10 / (744 x 0.99) = 42,087.55; x 8: 33,670.03. It is below 99 %, for 734 / 742 = 98.92 % is, too.
    assert [each.amount for each in found.lines] == [100 * lost, {10: 42_088, 8: 33_670}[lost]]


@pytest.mark.parametrize("moved", ["first", "second"])
def test_half_of_an_outage_that_a_third_party_did(moved: str) -> None:
    # Down on 20 Oct from 10:00 to 20:00; five of the ten hours are decided to be a third party's.
    halves = [("10-20 10:00", "10-20 15:00"), ("10-20 15:00", "10-20 20:00")]
    buckets = [Bucket.THIRD_PARTY, Bucket.CAMERA] if moved == "first" else [Bucket.CAMERA, Bucket.THIRD_PARTY]
    changes = dict(zip((halves[0][0], halves[1][0], halves[1][1]), [*buckets, Bucket.WORKING], strict=True))
    terms = contract(penalties=[delay("repair", "hour", 1000), delay("response", "begun_hour", 1000)])
    found = settle(terms, OCTOBER, [life("k/c", changes, always())])
    assert places(found) == [734, 5, 5]
    [outage] = found.units[0].outages
    # It is as long as what was lost of it, repaired within 4 h, taken by nobody within 1 h.
    assert (outage.from_ms, outage.to_ms) == tuple(at(each) for each in halves[moved == "first"])
    assert [each.amount for each in found.lines] == [1000, 4000]
    assert found.times.online == Fraction(734, 739)


@pytest.mark.parametrize(
    ("doubt", "available", "lost", "excluded", "rate"),
    [
        ("for_party", 741, 3, 0, Fraction(741, 744)),
        ("against_party", 734, 10, 0, Fraction(734, 744)),
        ("left_out", 734, 3, 7, Fraction(734, 737)),
    ],
)
def test_what_nobody_knows(doubt: str, available: int, lost: int, excluded: int, rate: Fraction) -> None:
    # Down on 20 Oct 10:00-12:00, not known until 19:00, down until 20:00.
    changes = {
        "10-20 10:00": Bucket.CAMERA,
        "10-20 12:00": Bucket.NOT_KNOWN,
        "10-20 19:00": Bucket.CAMERA,
        "10-20 20:00": Bucket.WORKING,
    }
    terms = contract(doubt=doubt, penalties=[delay("repair", "begun_day", 1000)])
    found = settle(terms, OCTOBER, [life("k/c", changes, always())])
    assert places(found) == [available, lost, excluded]
    account = account_of(terms, found, Inventory(), detailed=True)
    for shown in (account.availability, account.online, account.intact):
        assert Fraction(shown.good_ms, shown.of_ms) == rate
    assert Fraction(account.measured.good_ms, account.measured.of_ms) == Fraction(737, 744)
    # Nobody saw it work in between: it is one outage in any case, of 3 h or of 10 h. Beyond 4 h are 6 h, a day
    # begun.
    assert [outage.lost_ms for outage in found.units[0].outages] == [lost * HOUR]
    assert [each.amount for each in found.lines] == ([1000] if lost == 10 else [])
    assert account.payable == account.fee - account.deduction == found.payable
