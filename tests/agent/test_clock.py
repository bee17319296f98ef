"""The UTC time of the monotonic clock's zero."""

from pantau_agent.clock import UtcEpoch
from tests.agent.fake_clock import FakeClock

START_MS = 1_790_000_000_000 - 1_000_000


def test_the_epoch_does_not_move_while_time_passes() -> None:
    clock = FakeClock()
    epoch = UtcEpoch(clock)
    clock.pass_s(86_400)
    assert epoch.now_ms() == START_MS


def test_what_lies_between_two_readings_moves_nothing_and_a_step_of_100_ms_does() -> None:
    clock = FakeClock()
    epoch = UtcEpoch(clock)
    clock.utc_ms += 99
    assert epoch.now_ms() == START_MS
    clock.utc_ms += 1
    assert epoch.now_ms() == START_MS + 100
    clock.utc_ms -= 50
    assert epoch.now_ms() == START_MS + 100
    clock.step_s(-3600)
    assert epoch.now_ms() == START_MS + 50 - 3_600_000
