"""Whether a device answers is evidence: one that answers is not down, whatever the cameras behind it are."""

from pathlib import Path

import pytest

from pantau_collector.inventory import Inventory, InventoryCamera, InventoryDevice, InventorySite
from tests.collector.incidents.play import Play

INVENTORY = Inventory(
    sites=[InventorySite(id="kabil")],
    devices=[InventoryDevice(site="kabil", id="switch", kind="switch")],
    cameras=[InventoryCamera(site="kabil", id=f"cam{i}", via="switch" if i < 3 else "") for i in range(1, 5)],
)
DOWN_S = 305
SWITCH, CAMERAS = ["kabil/switch"], ["kabil/cam1", "kabil/cam2"]


def played(folder: Path, *, before: bool | None, after: bool | None, until: int = 600) -> Play:
    """Play two cameras that go down together; before and after that their switch answers, or is not asked."""
    play = Play(folder, {"kabil": 4}, inventory=INVENTORY)
    agent = play.agents["kabil"]
    if before is not None:
        agent.answers["switch"] = before

    def change() -> None:
        if after is not None:
            agent.answers["switch"] = after

    play.at(DOWN_S, play.fail("kabil", "cam1"), play.fail("kabil", "cam2"), change)
    return play.run(until)


@pytest.mark.parametrize(
    ("before", "after", "about"),
    [(None, None, SWITCH), (True, False, SWITCH), (True, True, CAMERAS), (False, True, CAMERAS)],
)
def test_it_is_the_device_unless_that_answers(
    tmp_path: Path, before: bool | None, after: bool | None, about: list[str]
) -> None:
    received = played(tmp_path, before=before, after=after).phone.received
    assert [(each.kind, each.about) for each in received] == [("opened", each) for each in about]


def test_the_answer_of_a_device_that_is_asked_is_waited_for_and_not_for_long(tmp_path: Path) -> None:
    play = played(tmp_path, before=True, after=None, until=DOWN_S + 21)
    assert play.phone.received == []
    play.agents["kabil"].running = False  # its next batch does not come
    play.run(DOWN_S + 60)
    assert [each.about for each in play.phone.received] == SWITCH


def test_a_device_that_answers_again_leaves_its_cameras_time_to_come_back(tmp_path: Path) -> None:
    play = played(tmp_path, before=True, after=False)
    play.agents["kabil"].answers["switch"] = True
    play.at(650, play.mend("kabil", "cam1"), play.mend("kabil", "cam2"))
    received = play.run(800).phone.received
    assert [(each.kind, each.about) for each in received] == [("opened", *SWITCH), ("resolved", *SWITCH)]
