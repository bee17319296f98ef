from pantau_collector.intake.session_contest import TAKEN_OVER, SessionContest


def test_mqtt_5_has_code_142_for_a_takeover() -> None:
    assert TAKEN_OVER == 142


def test_a_reported_takeover_is_a_trouble_until_300_s_without_another() -> None:
    contest = SessionContest()
    assert contest.trouble(0, "north") is None
    contest.note_taken_over(100)
    assert "another client with the client_id 'north'" in str(contest.trouble(399.9, "north"))
    assert contest.is_certain(399.9)
    contest.note_taken_over(200)
    assert contest.trouble(400, "north") is not None
    assert contest.trouble(500, "north") is None
    assert not contest.is_certain(500)


def test_two_hang_ups_within_60_s_are_most_likely_takeovers() -> None:
    contest = SessionContest()
    contest.note_hang_up(100)
    assert contest.trouble(100, "north") is None
    contest.note_hang_up(159.9)
    assert "most likely another client has the same client_id 'north'" in str(contest.trouble(160, "north"))
    assert not contest.is_certain(160)
    assert contest.trouble(459.8, "north") is not None
    assert contest.trouble(459.9, "north") is None


def test_hang_ups_60_s_apart_are_no_pattern() -> None:
    contest = SessionContest()
    for now_s in (0, 60, 120, 180):
        contest.note_hang_up(now_s)
    assert contest.trouble(180, "north") is None


def test_a_broker_that_was_away_in_between_is_no_other_client() -> None:
    contest = SessionContest()
    for now_s in range(10):
        contest.note_hang_up(now_s)
        contest.note_other_failure()
    assert contest.trouble(10, "north") is None
