"""When evidence confirms a fault, and what a fault explains."""

from pantau_agent.picture.confirmation import Confirmation, ConfirmationRule

RULE = ConfirmationRule(4, 30, clear_after=3, doubt_from=0.3)


def stands(values: list[float]) -> list[bool]:
    confirmation = Confirmation(RULE)
    return [confirmation.update(value, k * 10_000) for k, value in enumerate(values)]


def test_a_fault_stands_once_enough_pictures_speak_for_it_for_long_enough() -> None:
    assert stands([0.9] * 5) == [False, False, False, True, True]
    too_soon = Confirmation(RULE)
    assert not any(too_soon.update(0.9, k * 1000) for k in range(20))


def test_pictures_in_doubt_hold_a_fault_that_comes_and_goes_back_for_long_only() -> None:
    assert stands([0.9, 0.4] * 8)[-2]
    assert not any(stands([0.9, 0.2] * 8))
    assert not any(stands([0.9, *[0.4] * 5] * 8))


def test_it_ends_after_so_many_pictures_that_do_not_speak_for_it() -> None:
    assert stands([*[0.9] * 4, 0.0, 0.0, 0.0]) == [False] * 3 + [True] * 3 + [False]


def test_doubt_explains_other_faults_only_while_the_fault_is_being_confirmed() -> None:
    confirmation = Confirmation(RULE)
    confirmation.update(0.4, 0)
    assert not confirmation.explains(0.4)
    confirmation.update(0.9, 10_000)
    assert confirmation.explains(0.9)
    assert confirmation.explains(0.4)
    assert not confirmation.explains(0.2)
    for k in range(2, 8):
        confirmation.update(0.4, k * 10_000)
    assert not confirmation.explains(0.4)
