"""Decisions applied to intervals: the same as the definition, moment by moment, and nothing added or taken."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pantau_collector.attribution import Decision, Decisions, decided
from pantau_collector.ledger import Bucket, Evidence, Interval
from pantau_collector.ledger.interval import total
from pantau_contract.states import State

CAMERA = ("kabil", "gate")
END = 60


def interval(from_ms: int, to_ms: int, bucket: Bucket, at_site: Bucket = Bucket.CAMERA) -> Interval:
    return Interval(from_ms, to_ms, bucket, bucket, at_site, State.DOWN, None, Evidence.SAMPLES)


def decision(number: int, from_ms: int, to_ms: int | None, to: Bucket | None) -> Decision:
    return Decision(number, 1, (CAMERA,), from_ms, to_ms, to, "", "it was so", "Ani", 0, {})


def moments(intervals: Sequence[Interval]) -> list[tuple[object, ...]]:
    """Return all that is said of each millisecond."""
    return [
        tuple(getattr(each, name) for name in each.__struct_fields__[2:])
        for each in intervals
        for _ in range(each.from_ms, each.to_ms)
    ]


def by_definition(intervals: Sequence[Interval], decisions: Sequence[Decision]) -> list[tuple[object, ...]]:
    """Apply the definition to each millisecond: the newest decision about it counts, if the time was lost."""
    found = []
    for ms, (bucket, *rest) in enumerate(moments(intervals)):
        about = [each for each in decisions if each.from_ms <= ms < (END if each.to_ms is None else each.to_ms)]
        newest = max(about, key=lambda each: each.id, default=None)
        if newest is None or newest.to is None or bucket in {"working", "out_of_service"}:
            found.append((bucket, *rest))
        else:
            found.append((newest.to, *rest[:-2], newest.id, bucket))
    return found


buckets = st.sampled_from([Bucket.WORKING, Bucket.OUT_OF_SERVICE, Bucket.LINK, Bucket.CAMERA, Bucket.MAINTENANCE])


@st.composite
def lives(draw: st.DrawFn) -> list[Interval]:
    edges = [0, *sorted(draw(st.sets(st.integers(1, END - 1), max_size=6))), END]
    return [interval(one, other, draw(buckets)) for one, other in pairwise(edges)]


@st.composite
def some_decisions(draw: st.DrawFn) -> list[Decision]:
    found = []
    for number in range(1, draw(st.integers(0, 6)) + 1):
        from_ms = draw(st.integers(-5, END))
        to_ms = draw(st.none() | st.integers(from_ms, END + 5))
        found.append(decision(number, from_ms, to_ms, draw(st.none() | st.sampled_from(list(Bucket)))))
    return found


@given(lives(), some_decisions(), st.randoms())
def test_each_moment_is_whose_the_definition_says_in_any_order(
    life: list[Interval], decisions: list[Decision], dice: object
) -> None:
    found = decided(life, decisions)
    assert moments(found) == by_definition(life, decisions)
    assert [found[0].from_ms, *(each.to_ms for each in found)] == sorted(
        {0, END, *(each.from_ms for each in found)}
    )
    assert total(found).total_ms == END
    shuffled = list(decisions)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decided(life, shuffled) == found


@given(lives(), some_decisions(), st.integers(1, END - 1))
def test_a_period_read_in_two_parts_gives_the_same(
    life: list[Interval], decisions: list[Decision], at: int
) -> None:
    first = [interval(each.from_ms, min(each.to_ms, at), each.bucket) for each in life if each.from_ms < at]
    second = [interval(max(each.from_ms, at), each.to_ms, each.bucket) for each in life if each.to_ms > at]
    parts = decided(first, decisions) + decided(second, decisions)
    assert moments(parts) == moments(decided(life, decisions))


def test_the_evidence_and_what_was_at_the_site_stay_readable() -> None:
    life = [interval(0, 10, Bucket.LINK, Bucket.WORKING), interval(10, 20, Bucket.WORKING, Bucket.WORKING)]
    found = decided(life, [decision(7, 4, None, Bucket.THIRD_PARTY)])
    assert [(each.from_ms, each.bucket, each.evidenced, each.decision) for each in found] == [
        (0, Bucket.LINK, Bucket.LINK, None),
        (4, Bucket.THIRD_PARTY, Bucket.LINK, 7),
        (10, Bucket.WORKING, Bucket.WORKING, None),
    ]
    assert (found[1].unplanned, found[1].at_site) == (Bucket.LINK, Bucket.WORKING)
    assert total(found).by_bucket[Bucket.THIRD_PARTY] == 6


def test_back_to_the_evidence_leaves_nothing_of_a_decision() -> None:
    life = [interval(0, 60, Bucket.LINK)]
    decisions = [decision(1, 10, 50, Bucket.FORCE_MAJEURE), decision(2, 20, 30, None)]
    assert [(each.from_ms, each.decision) for each in decided(life, decisions)] == [
        (0, None),
        (10, 1),
        (20, None),
        (30, 1),
        (50, None),
    ]
    assert decided(life, [*decisions, decision(3, 0, 60, None)]) == life


def test_decisions_are_about_their_cameras_alone() -> None:
    life = [interval(0, 60, Bucket.LINK)]
    decisions = Decisions([decision(1, 0, 60, Bucket.POWER)])
    assert decisions.apply("kabil", "gate", life)[0].bucket is Bucket.POWER
    assert decisions.apply("kabil", "pole", life) is life
