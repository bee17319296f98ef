import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_agent.spool.id_set import IdSet

NUMBERS = st.integers(0, 12)


@given(st.lists(st.tuples(st.booleans(), NUMBERS)), st.lists(st.tuples(NUMBERS, NUMBERS)))
def test_it_holds_what_a_set_holds(changes: list[tuple[bool, int]], ranges: list[tuple[int, int]]) -> None:
    ids = IdSet(ranges)
    model = {number for first, last in ranges for number in range(first, last + 1)}
    for add, number in changes:
        if add:
            ids.add(number)
            model.add(number)
        else:
            assert ids.discard(number) == (number in model)
            model.discard(number)
    assert list(ids) == sorted(model)
    assert len(ids) == len(model)
    for number in range(-1, 14):
        assert (number in ids) == (number in model)
        end = number
        while number in model and end + 1 in model:
            end += 1
        assert ids.end_of_range(number) == end
        for last in range(-1, 14):
            assert ids.between(number, last) == sorted(model & set(range(number, last + 1)))
    assert list(IdSet(ids.ranges())) == sorted(model)


@pytest.mark.parametrize(
    "numbers", [range(100_000), range(100_000, 0, -1), [*range(0, 1000, 2), *range(1, 1000, 2)]]
)
def test_numbers_without_a_gap_are_one_range(numbers: list[int]) -> None:
    ids = IdSet()
    for number in numbers:
        ids.add(number)
    assert len(ids.ranges()) == 1
