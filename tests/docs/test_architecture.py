"""ARCHITECTURE.md names modules and rooms that exist, and every room of both programs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
PROGRAMS = {"The agent": ROOT / "agent/pantau_agent", "The collector": ROOT / "collector/pantau_collector"}


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("title", PROGRAMS)
def test_every_module_that_it_names_exists(title: str) -> None:
    root, rooms, named, missing = PROGRAMS[title], [""], 0, []
    for first, second in re.findall(r"^\|([^|]*)\|([^|]*)\|[^|]*\|$", section(title), re.MULTILINE):
        heads = re.findall(r"`([\w/]+(?:\.py)?)`", first)
        rooms = heads or rooms
        missing += [head for head in heads if not (root / head).exists()]
        for module in re.findall(r"`(\w+\.py)`", second):
            named += 1
            if not any((root / room / module).exists() for room in rooms):
                missing.append(module)
    assert named > 50
    assert missing == []


@pytest.mark.parametrize("title", PROGRAMS)
def test_every_room_stands_in_it(title: str) -> None:
    rooms = {path.name for path in PROGRAMS[title].iterdir() if (path / "__init__.py").exists()}
    assert rooms
    assert {room for room in rooms if f"`{room}/`" not in section(title)} == set()


def test_every_path_that_it_names_exists() -> None:
    paths = re.findall(
        r"`((?:agent|collector|contract|tests|docs|ansible|systemd|benchmarks|fuzzing)/[\w/.-]*)`", PAGE
    )
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
