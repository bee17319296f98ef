"""The turns at the decode worker: who has taken least comes first, and nobody may take too much."""

import asyncio

import pytest

from pantau_agent.clock import SystemClock
from pantau_agent.picture.decoder import CPU_DEADLINE_S, CRASH_COST_S, STARVED_S, Decoder
from pantau_agent.picture.exchange import PictureError
from pantau_agent.picture.turns import BUDGET_S, SHARE, Turns
from pantau_agent.streams.keyframe import Keyframe
from tests.agent.fake_clock import FakeClock
from tests.agent.rtsp.footage import encoded


def test_the_limits_are_those_that_are_documented() -> None:
    assert (BUDGET_S, SHARE, CPU_DEADLINE_S, STARVED_S, CRASH_COST_S) == (20.0, 0.25, 5.0, 60.0, 15.0)


async def order_of(turns: Turns, *cameras: str) -> list[str]:
    """Let cameras wait for the turn in this order, and return the order in which they get it."""
    served: list[str] = []

    async def take(camera: str) -> None:
        async with turns.turn(camera):
            served.append(camera)

    async with turns.turn("first"):
        tasks = [asyncio.create_task(take(camera)) for camera in cameras]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return served


async def test_who_has_taken_least_comes_first_and_else_who_has_waited_longest() -> None:
    clock = FakeClock()
    turns = Turns(clock.monotonic)
    turns.charge("evil", 10)
    turns.charge("large", 1)
    assert await order_of(turns, "evil", "large", "gate", "evil", "road") == [
        "gate",
        "road",
        "large",
        "evil",
        "evil",
    ]
    clock.pass_s(60)
    assert await order_of(turns, "evil", "gate") == ["evil", "gate"]


async def test_a_turn_that_nobody_waits_for_any_more_is_passed_on() -> None:
    turns = Turns(FakeClock().monotonic)

    async def take() -> None:
        async with turns.turn("gate"):
            pass

    async with turns.turn("road"):
        waiting = [asyncio.create_task(take()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.sleep(0)
    waiting[0].cancel()  # it has just been given the turn
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    await waiting[2]
    assert await order_of(turns, "gate") == ["gate"]


async def test_a_camera_may_take_a_quarter_of_a_core_in_the_long_run() -> None:
    clock = FakeClock()
    turns = Turns(clock.monotonic)
    turns.charge("evil", 20)
    assert not turns.is_over_budget("evil")
    turns.charge("evil", 5)
    assert turns.is_over_budget("evil")
    clock.pass_s(19)
    assert turns.is_over_budget("evil")
    clock.pass_s(1)
    assert not turns.is_over_budget("evil")


async def test_one_picture_that_ends_the_worker_is_forgiven_and_a_second_one_soon_after_is_not() -> None:
    clock = FakeClock()
    turns = Turns(clock.monotonic)
    turns.charge("gate", 1.0)
    turns.charge("gate", CRASH_COST_S)
    assert not turns.is_over_budget("gate")
    clock.pass_s(30)
    turns.charge("gate", CRASH_COST_S)
    assert turns.is_over_budget("gate")


async def test_a_4k_camera_is_never_over_its_budget() -> None:
    """A picture takes a small machine a second; a suspicion makes it one each second, then ever more rarely."""
    clock = FakeClock()
    turns = Turns(clock.monotonic)
    for gap_s in [30.0] * 20 + [1.3**at for at in range(13)] + [10.0] * 100:
        clock.pass_s(gap_s)
        turns.charge("large", 1.0)
        assert not turns.is_over_budget("large")


async def test_a_camera_whose_pictures_cost_too_much_waits_and_the_others_do_not() -> None:
    async with Decoder(SystemClock()) as decoder:
        picture = Keyframe("h264", encoded()[0])
        decoder._turns.charge("evil", 2 * BUDGET_S)
        judged = await decoder.judge("evil", picture)
        assert (judged.error, judged.detail) == (
            PictureError.UNAVAILABLE,
            "its pictures take so much decoding that it has to wait",
        )
        assert (await decoder.judge("gate", picture)).error is None
