"""Random months, settled twice: by the product, and by the definition. No millisecond and no rupiah differs.

Once with random intervals, and once with those of the ledger: from random messages, in any order, with backlogs,
maintenance and decisions, against the ledger's own second implementation.
"""

from decimal import Decimal
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from pantau_collector.attribution import Decision, Decisions
from pantau_collector.contracts import Contract, Covered
from pantau_collector.ledger import Bucket, Interval
from pantau_collector.ledger.lives import lives
from pantau_collector.settlement import CameraLife, Month, Settlement, Times, settle
from tests.collector.ledger.by_definition import Definition as LedgerByDefinition
from tests.collector.ledger.site_by_definition import Received
from tests.collector.ledger.stories import CAMERAS, SITE, histories
from tests.collector.ledger.stories import spans as moments
from tests.collector.ledger.test_definition import FROM, PATHS, TO, history
from tests.collector.settlement.by_definition import ByDefinition
from tests.collector.settlement.random_months import Case, cases, contracts


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


SEPTEMBER = Month(2026, 9)
"""The month in which the stories of the ledger's tests happen."""


@st.composite
def some_decisions(draw: st.DrawFn) -> list[Decision]:
    found = []
    for number in range(1, draw(st.integers(0, 3)) + 1):
        from_ms = FROM + draw(st.integers(0, 60)) * 60_013
        to = draw(st.sampled_from([None, Bucket.THIRD_PARTY, Bucket.MAINTENANCE, Bucket.CAMERA]))
        about = tuple((SITE, camera) for camera in draw(st.sets(st.sampled_from(CAMERAS), min_size=1)))
        found.append(Decision(number, 1, about, from_ms, from_ms + 1_200_000, to, "PT X", "so", "Ani", 0, {}))
    return found


def as_decided(intervals: list[Interval], camera: str, decisions: list[Decision]) -> list[Interval]:
    """Apply decisions by their definition: at each moment the last one about it counts, if the time was lost."""
    edges = {each.from_ms for each in decisions} | {each.to_ms for each in decisions}
    found = []
    for each in intervals:
        cuts = sorted(
            {each.from_ms, each.to_ms, *(cut for cut in edges if cut and each.from_ms < cut < each.to_ms)}
        )
        for begin, end in pairwise(cuts):
            about = [
                one
                for one in decisions
                if (SITE, camera) in one.cameras and one.from_ms <= begin < (one.to_ms or 0)
            ]
            part = structs.replace(each, from_ms=begin, to_ms=end)
            if about and about[-1].to is not None and each.bucket not in ("working", "out_of_service"):
                part = structs.replace(part, bucket=about[-1].to, decision=about[-1].id, moved_from=each.bucket)
            found.append(part)
    return found


@settings(max_examples=40, deadline=None)
@given(histories(), moments(), moments(), some_decisions(), contracts(SEPTEMBER, "Asia/Jakarta"), st.randoms())
def test_from_messages_to_rupiah_it_is_the_one_by_both_definitions(
    received: list[Received],
    attentive: list[tuple[int, int]],
    plans: list[tuple[int, int]],
    decisions: list[Decision],
    contract: Contract,
    random: Random,
) -> None:
    ledger = LedgerByDefinition(received, attentive, PATHS, {"nvr"}, dict.fromkeys(CAMERAS, plans))
    shuffled = list(received)
    random.shuffle(shuffled)
    found = lives(history(shuffled, attentive, plans), FROM, TO)
    covered = [Covered(FROM, TO, "normal", "Asia/Jayapura")]
    ours = settle(
        contract,
        SEPTEMBER,
        [
            CameraLife(SITE, each, covered, Decisions(decisions).apply(SITE, each, its))
            for each, its in found.items()
        ],
    )
    theirs = [
        CameraLife(SITE, each, covered, as_decided(ledger.intervals(each, FROM, TO), each, decisions))
        for each in found
    ]
    truth = ByDefinition(contract, SEPTEMBER, theirs)
    for i, camera in enumerate(ours.cameras):
        assert by_place(camera.times) == truth.camera_sums(i)
    assert by_place(ours.times) == truth.sums(list(truth.units))
    assert [(each.number, each.unit, each.amount) for each in ours.lines] == [
        (number, unit, amount) for number, unit, _, amount in truth.lines
    ]
    assert ours.payable == truth.fee - truth.deduction
