from hypothesis import given
from hypothesis import strategies as st

from pantau_collector.fleet.sequence import Sequences


def test_a_gap_is_counted_until_the_backlog_fills_it() -> None:
    sequences = Sequences()
    for seq in (0, 1, 2, 10):
        assert sequences.add("boot", seq)
    assert sequences.missing() == 7
    for seq in range(3, 10):
        assert sequences.add("boot", seq)
    assert sequences.missing() == 0


def test_a_duplicate_is_known_and_harmless() -> None:
    sequences = Sequences()
    assert sequences.add("boot", 5)
    assert not sequences.add("boot", 5)
    assert sequences.add("boot", 8)
    assert not sequences.add("boot", 8)
    assert not sequences.add("boot", 5)
    assert sequences.missing() == 2


def test_what_came_before_the_first_that_was_heard_is_not_missing_but_what_a_later_boot_began_with_is() -> None:
    sequences = Sequences()
    sequences.add("first", 1000)
    assert sequences.missing() == 0
    sequences.add("second", 3)
    assert sequences.missing() == 3


def test_old_boots_are_forgotten_and_what_they_lack_is_lost() -> None:
    sequences = Sequences()
    sequences.add("boot0", 0)
    sequences.add("boot0", 5)
    for number in range(1, 6):
        sequences.add(f"boot{number}", 0)
    assert len(sequences.runs) == 4
    assert sequences.missing() == 4


@given(st.lists(st.integers(0, 60), min_size=1))
def test_missing_is_what_has_not_come_up_to_the_newest(seqs: list[int]) -> None:
    sequences = Sequences()
    sequences.add("boot", 0)
    come = {0}
    for seq in seqs:
        assert sequences.add("boot", seq) == (seq not in come)
        come.add(seq)
        assert sequences.missing() == len(set(range(max(come) + 1)) - come)


def test_what_an_agent_claims_again_and_again_stays_a_number_that_fits_64_bits() -> None:
    sequences = Sequences()
    for boot in range(2000):
        sequences.add(f"b{boot}", (1 << 53) - 1)
    assert sequences.lost == sequences.missing() == 1 << 53
