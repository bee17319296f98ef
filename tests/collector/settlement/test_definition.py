"""Random months, settled twice: by the product, and by the definition. No millisecond and no rupiah differs."""

from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_collector.settlement import Settlement, Times, settle
from tests.collector.settlement.by_definition import ByDefinition
from tests.collector.settlement.random_months import Case, cases


def by_place(times: Times) -> dict[str, int]:
    sums = {
        "lost": times.lost_ms,
        "available": times.available_ms,
        "excluded": times.excluded_ms,
        "out_of_service": times.out_of_service_ms,
        "outside_hours": times.outside_hours_ms,
        "not_covered": times.not_covered_ms,
        "measured": times.measured_ms,
        "online": times.online_ms,
        "intact": times.intact_ms,
    }
    return sums | {f"bucket {bucket}": ms for bucket, ms in times.by_bucket.items()}


def settled(case: Case) -> Settlement:
    return settle(case.contract, case.month, case.lives, until_ms=case.until_ms)


@settings(max_examples=120, deadline=None)
@given(cases())
def test_the_settlement_is_the_one_by_the_definition(case: Case) -> None:
    ours = settled(case)
    truth = ByDefinition(case.contract, case.month, case.lives, case.until_ms)
    assert (ours.from_ms, ours.to_ms, ours.until_ms) == (truth.begin, truth.end, max(truth.until, truth.begin))
    for i, camera in enumerate(ours.cameras):
        assert by_place(camera.times) == truth.camera_sums(i)
    assert [each.name for each in ours.units] == list(truth.units)
    for unit in ours.units:
        assert by_place(unit.times) == truth.sums([unit.name])
        assert unit.times.availability == truth.availability([unit.name])
        assert unit.fee == truth.fees[unit.name]
        outages = truth.outages(unit.name)
        assert [each.from_ms for each in unit.outages] == [each["begin"] for each in outages]
        for one, other in zip(unit.outages, outages, strict=True):
            assert one.criticality == other["criticality"]
            for after in ("start", "repair", "response"):
                overtime = one.overtime(after)
                assert (overtime and overtime.total_ms) == other[after]
                assert (overtime and overtime.before_ms) == other[f"{after}_before"]
    everything = list(truth.units)
    assert by_place(ours.times) == truth.sums(everything)
    assert ours.times.availability == truth.availability(everything)
    assert ours.fee == truth.fee
    lines = [
        (each.number, each.unit, each.outage.from_ms if each.outage else None, each.amount) for each in ours.lines
    ]
    assert lines == truth.lines
    assert ours.deduction == truth.deduction
    assert ours.payable == truth.fee - truth.deduction


@settings(max_examples=60, deadline=None)
@given(cases(), st.randoms())
def test_every_sum_is_exact_and_the_order_makes_no_difference(case: Case, random: Random) -> None:
    ours = settled(case)
    period_ms = ours.until_ms - ours.from_ms
    for times in [*(each.times for each in ours.cameras), *(each.times for each in ours.units)]:
        assert times.period_ms == period_ms
        places = (times.not_covered_ms, times.outside_hours_ms, times.out_of_service_ms, times.service_ms)
        assert sum(places) == period_ms
        assert sum(times.by_bucket.values()) == times.service_ms
        assert sum(times.lost_by.values()) == times.lost_ms
        assert sum(times.excluded_by.values()) == times.excluded_ms
    for camera in ours.cameras:
        assert sum(each.ms for each in camera.lost) == camera.times.lost_ms
        assert sum(each.ms for each in camera.excluded) == camera.times.excluded_ms
    assert ours.camera_times.period_ms == period_ms * len(ours.cameras)
    assert sum(each.amount for each in ours.lines) == ours.penalties
    assert ours.deduction + ours.payable == ours.fee
    assert 0 <= ours.deduction <= ours.fee
    if any(each.covered_ms for each in ours.units):
        assert sum((each.fee for each in ours.units), Decimal(0)) == ours.fee
    shuffled = list(case.lives)
    random.shuffle(shuffled)
    assert settle(case.contract, case.month, shuffled, until_ms=case.until_ms) == ours
