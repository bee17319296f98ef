from pantau_collector.fleet.attention import Attention


def test_only_time_spent_listening_counts() -> None:
    attention = Attention(grace_s=0)
    for second in range(11):
        attention.tick(second, listening=True, behind=False)
    assert attention.seconds == 10
    for second in range(11, 100):
        attention.tick(second, listening=False, behind=False)
    for second in range(100, 111):
        attention.tick(second, listening=True, behind=False)
    assert attention.seconds == 20
    assert attention.breaks == 1


def test_a_short_lapse_is_none_and_a_long_one_counts_nothing_and_begins_anew() -> None:
    attention = Attention(grace_s=10)
    for second in (0, 10, 14, 18):
        attention.tick(second, listening=True, behind=False)
    assert not attention.attentive  # 0 to 10 was a lapse, so the grace began at 10
    for second in (20, 24):
        attention.tick(second, listening=True, behind=False)
    assert (attention.attentive, attention.seconds) == (True, 4)
    attention.tick(600, listening=True, behind=False)
    assert (attention.attentive, attention.seconds, attention.breaks) == (False, 4, 2)


def test_a_journal_that_is_caught_up_with_for_long_is_a_lapse() -> None:
    attention = Attention(grace_s=0)
    attention.tick(0, listening=True, behind=False)
    for second in range(1, 60):
        attention.tick(second, listening=True, behind=True)
    attention.tick(60, listening=True, behind=False)
    assert (attention.seconds, attention.breaks) == (0, 1)


def test_what_was_paid_before_a_restart_is_kept() -> None:
    attention = Attention(grace_s=0, seconds=1000)
    attention.tick(5, listening=True, behind=False)
    attention.tick(6, listening=True, behind=False)
    assert attention.seconds == 1001
