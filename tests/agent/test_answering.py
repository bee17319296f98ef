"""What an agent answers to the collector's commands, without cameras and broker."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from pantau_agent import answering
from pantau_agent.answering import Answering
from pantau_agent.assessment.observation import Looked, Observation
from pantau_agent.clock import SystemClock
from pantau_agent.picture.view_requests import ViewRequest, ViewRequests
from pantau_contract.messages import Command, Reply, Sample
from pantau_contract.states import Cause, State
from tests.agent.eventually import eventually

JPEG = b"\xff\xd8picture"


def sample(camera: str, state: State = State.OK) -> Sample:
    return Sample(camera, 1000, state, 1000)


class Site:
    """A site whose cameras a test plays."""

    def __init__(self, folder: Path) -> None:
        self.replies: list[Reply] = []
        self.asked: list[str] = []
        self.connection = "boot/3"
        self.clock_set: bool | None = True
        self.views = ViewRequests(folder)
        self.samples = {f"cam{number}": sample(f"cam{number}") for number in range(8)}
        self.samples["off"] = sample("off", State.DISABLED)
        self.commands: asyncio.Queue[Command] = asyncio.Queue()
        self.answering = Answering(
            "north",
            answering.Link(lambda: self.connection, lambda: self.clock_set, self.replies.append),
            answering.Cameras(self.samples.get, lambda one: one, self.asked.append),
            SystemClock(),
            self.views,
        )

    def command(self, action: str, camera: str = "cam0", *, age_s: float = 0, connection: str = "boot/3") -> None:
        time_ms = SystemClock.time_ms() - round(age_s * 1000)
        self.commands.put_nowait(Command(action + camera, action, camera, time_ms, connection))

    def sees(self, camera: str, looked: Looked | None = Looked.DONE, *, jpeg: bytes | None = JPEG) -> None:
        seen = Sample(camera, 2000, State.DEGRADED, 2000, Cause.LOW_FPS)
        self.answering.observe(Observation(seen, snapshot=jpeg, looked=looked))

    async def reply(self) -> Reply:
        assert await eventually(lambda: bool(self.replies))
        return self.replies.pop(0)


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(tmp_path)
    running = asyncio.create_task(site.answering.run(site.commands))
    yield site
    running.cancel()
    await asyncio.wait({running})


async def test_a_look_is_answered_with_what_was_seen_since_and_its_picture(site: Site) -> None:
    site.command("look")
    assert await eventually(lambda: site.asked == ["cam0"])
    site.sees("cam0", None)
    site.sees("cam1")
    assert site.replies == []
    site.sees("cam0")
    reply = await site.reply()
    assert (reply.error, reply.picture) == ("", 2000)
    assert reply.sample
    assert reply.sample.cause is Cause.LOW_FPS


async def test_looks_at_the_same_camera_share_one_and_the_next_comes_later(site: Site) -> None:
    site.command("look")
    site.command("look")
    assert await eventually(lambda: len(site.asked) == 1 and site.commands.empty())
    await asyncio.sleep(0)
    site.sees("cam0")
    assert [(await site.reply()).error for _ in range(2)] == ["", ""]
    site.command("look")
    assert "a moment ago" in (await site.reply()).error
    assert site.asked == ["cam0"]


async def test_a_camera_that_must_be_left_alone_is_not_tried_and_that_is_said(site: Site) -> None:
    site.command("look")
    assert await eventually(lambda: bool(site.asked))
    site.sees("cam0", Looked.HELD, jpeg=None)
    reply = await site.reply()
    assert "did not try" in reply.error
    assert reply.sample
    assert reply.picture is None


async def test_more_cameras_at_a_time_than_a_site_can_look_at_are_refused(site: Site) -> None:
    for number in range(answering.MAX_LOOKS + 1):
        site.command("look", f"cam{number}")
    assert "other cameras" in (await site.reply()).error
    assert len(site.asked) == answering.MAX_LOOKS


async def test_a_look_without_an_end_is_answered_with_what_is_known(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "LOOK_WITHIN_S", 0.05)
    site.command("look")
    reply = await site.reply()
    assert "no fresh picture" in reply.error
    assert reply.sample == site.samples["cam0"]


async def test_what_is_old_or_for_another_connection_is_not_done(site: Site) -> None:
    site.command("look", age_s=answering.MAX_AGE_S + 1)
    assert "too late" in (await site.reply()).error
    site.command("accept_view", connection="boot/2")
    assert "too late" in (await site.reply()).error
    site.commands.put_nowait(Command("undated", "look", "cam0"))
    assert "too late" in (await site.reply()).error
    assert site.asked == []
    site.commands.put_nowait(Command("collector 0.2", "snapshot", "cam0"))
    assert (await site.reply()).error == ""
    assert site.asked == ["cam0"]


async def test_without_a_clock_the_connection_tells_what_is_old(site: Site) -> None:
    site.clock_set = False
    site.command("look", age_s=1e6, connection="")
    assert "too late" in (await site.reply()).error
    site.command("look", age_s=1e6)
    assert await eventually(lambda: site.asked == ["cam0"])


async def test_what_cannot_be_done_is_said(site: Site) -> None:
    for action, camera, said in (
        ("reboot", "cam0", "cannot do that"),
        ("look", "attic", "no camera 'attic'"),
        ("look", "off", "disabled"),
    ):
        site.command(action, camera)
        assert said in (await site.reply()).error
    assert site.asked == []


async def test_a_view_is_accepted_with_the_picture_of_a_look(site: Site) -> None:
    site.command("accept_view")
    assert await eventually(lambda: site.asked == ["cam0"])
    assert site.views.is_pending("cam0", ViewRequest.ACCEPT)
    site.views.remove("cam0", ViewRequest.ACCEPT)  # as the decode worker does
    site.sees("cam0")
    assert (await site.reply()).error == ""


async def test_a_view_is_accepted_right_after_a_look(site: Site) -> None:
    site.command("look")
    assert await eventually(lambda: len(site.asked) == 1)
    site.sees("cam0")
    assert (await site.reply()).error == ""
    site.command("accept_view")
    assert await eventually(lambda: len(site.asked) == 2)


async def test_a_view_that_is_not_accepted_is_withdrawn(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "_CHECK_EVERY_S", 0.001)
    site.command("accept_view")
    assert await eventually(lambda: bool(site.asked))
    site.sees("cam0")
    assert "nothing was changed" in (await site.reply()).error
    assert not site.views.is_pending("cam0", ViewRequest.ACCEPT)
