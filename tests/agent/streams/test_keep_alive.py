from pantau_agent.streams.keep_alive import MIN_TIMEOUT_S, KeepAlive

FIRST, SECOND = "GET_PARAMETER", "OPTIONS"


def test_a_method_that_keeps_no_session_is_replaced() -> None:
    memory = KeepAlive()
    memory.record_end(12.0, 10.0, FIRST, SECOND, 4.0)
    assert memory.method == SECOND


def test_a_method_after_which_the_connection_is_closed_is_replaced_whatever_the_timeout() -> None:
    memory = KeepAlive()
    memory.record_end(300.0, 60.0, FIRST, SECOND, 0.1)
    assert memory.method == SECOND


def test_a_late_end_of_a_session_is_not_held_against_a_method() -> None:
    memory = KeepAlive()
    memory.record_end(300.0, 60.0, FIRST, SECOND, 20.0)
    assert memory.method == ""
    memory.record_end(310.0, 60.0, FIRST, SECOND, 20.0)  # the camera's own timer
    assert memory.method == SECOND


def test_one_early_end_is_not_held_against_a_method_that_has_kept_sessions() -> None:
    memory = KeepAlive()
    memory.record_kept(FIRST)
    memory.record_end(12.0, 10.0, FIRST, SECOND, 4.0)
    assert memory.method == FIRST
    memory.record_end(7.0, 10.0, FIRST, SECOND, 3.0)
    assert memory.method == SECOND


def test_sessions_that_end_at_the_same_age_before_any_sign_of_life_have_that_timeout() -> None:
    memory = KeepAlive()
    memory.record_end(12.0, 60.0, FIRST, SECOND, None)
    assert memory.timeout_s == 0
    memory.record_end(40.0, 60.0, FIRST, SECOND, None)
    assert memory.timeout_s == 0
    memory.record_end(41.0, 60.0, FIRST, SECOND, None)
    assert memory.timeout_s == 41.0
    for _ in range(2):
        memory.record_end(1.0, 60.0, FIRST, SECOND, None)
    assert memory.timeout_s == MIN_TIMEOUT_S == 5.0
