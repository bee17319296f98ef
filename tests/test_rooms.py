"""The house as ARCHITECTURE.md draws it: no circles, and each component imports what it may."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "contract": set[str](),
    "service": {"contract"},
    "agent": {"contract", "service"},
    "collector": {"contract", "service"},
    "simcam": set[str](),
    "demo": set[str](),
}


def package(component: str) -> str:
    return f"pantau_{component}"


def imports(file: Path) -> Iterator[str]:
    """The dotted names of our own that it imports; of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def graph(component: str) -> dict[str, set[str]]:
    """Which rooms (files and folders right below the package) import which others."""
    root = ROOT / component / package(component)
    rooms: dict[str, set[str]] = {}
    for file in root.rglob("*.py"):
        room = file.relative_to(root).parts[0].removesuffix(".py")
        names = [name.split(".") for name in imports(file) if name.startswith(f"{root.name}.")]
        rooms.setdefault(room, set()).update(parts[1] for parts in names)
    return {room: others & rooms.keys() - {room} for room, others in rooms.items()}


@pytest.mark.parametrize("component", MAY_IMPORT)
def test_no_room_reaches_into_one_that_reaches_into_it(component: str) -> None:
    rooms = graph(component)
    assert len(rooms) > 1
    order = [*TopologicalSorter(rooms).static_order()]  # raises CycleError, which names the circle
    assert {*order} == rooms.keys()


@pytest.mark.parametrize(("component", "others"), MAY_IMPORT.items(), ids=MAY_IMPORT)
def test_a_component_imports_no_other_than_it_may(component: str, others: set[str]) -> None:
    ours = {package(each): each for each in MAY_IMPORT}
    found = {
        ours[name.split(".")[0]]
        for file in (ROOT / component / package(component)).rglob("*.py")
        for name in imports(file)
        if name.split(".")[0] in ours
    }
    assert found - {component} <= others
