"""Cameras that are odd in several ways at once: the agent does not contradict FFmpeg, and one would show."""

import asyncio

import pytest

from fuzzing import cameras
from fuzzing.cameras import compare, contradiction, is_exception
from fuzzing.odd_camera import KINDS, PICTURES, Carriage, Codec, OddCamera
from fuzzing.peer import pictures_shown
from fuzzing.virtual_agent import watch
from pantau_contract.states import State

CAMERAS = 50
SEED = 14


def test_the_agent_does_not_contradict_ffmpeg_about_odd_cameras() -> None:
    compare(CAMERAS, SEED)


@pytest.mark.parametrize(("codec", "carriage"), KINDS)
def test_a_sound_camera_is_shown_by_ffmpeg_and_ok(codec: Codec, carriage: Carriage) -> None:
    camera = OddCamera((), codec, carriage)
    assert pictures_shown(camera) == PICTURES
    states = asyncio.run(watch(camera))
    assert states[-1] is State.OK
    assert State.DOWN not in states


@pytest.mark.parametrize(
    "oddity",
    [("parameter sets", "missing"), ("content", "no packets"), ("content", "no keyframes")],
    ids=" ".join,
)
def test_what_ffmpeg_cannot_show_is_never_ok(oddity: tuple[str, str]) -> None:
    camera = OddCamera((oddity,))
    assert pictures_shown(camera) == 0
    states = asyncio.run(watch(camera))
    assert State.OK not in states
    assert states[-1] is State.DOWN


@pytest.mark.parametrize(
    ("shown", "state", "contradicts"),
    [
        (PICTURES, State.DOWN, True),
        (PICTURES, State.OK, False),
        (PICTURES // 2, State.DOWN, False),
        (0, State.OK, True),
        (0, State.DOWN, False),
        (1, State.OK, False),
    ],
)
def test_a_contradiction_is_noticed(
    monkeypatch: pytest.MonkeyPatch, shown: int, state: State, contradicts: bool
) -> None:
    async def watched(_: OddCamera) -> list[State]:
        return [state]

    monkeypatch.setattr(cameras, "pictures_shown", lambda _: shown)
    monkeypatch.setattr(cameras, "watch", watched)
    assert (contradiction(OddCamera()) is not None) is contradicts


@pytest.mark.parametrize(
    ("oddities", "excepted"),
    [
        ((("login", "basic"), ("redirect", "301")), True),
        ((("login", "basic"),), False),
        ((("redirect", "301"),), False),
        ((("markers", "none"),), False),
    ],
)
def test_only_what_is_listed_is_excepted(oddities: tuple[tuple[str, str], ...], excepted: bool) -> None:
    assert is_exception(OddCamera(oddities)) is excepted
