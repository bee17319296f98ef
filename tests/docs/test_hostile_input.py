"""Each promise about hostile input names tests, and each of these is there."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/hostile-input.md").read_text("utf-8")
ROWS = [
    (promise.strip(), re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests))
    for promise, tests in re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    if promise.strip() not in ("promise", "---")
]


@cache
def functions(path: str) -> set[str]:
    """Return the names of the functions of a module; empty if there is no such module."""
    file = ROOT / path
    if not file.exists():
        return set()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, kinds)}


def test_each_promise_names_a_test() -> None:
    assert len(ROWS) > 40
    assert [promise for promise, tests in ROWS if not tests] == []


def test_each_test_that_is_named_is_there() -> None:
    named = [each for _, tests in ROWS for each in tests]
    assert PAGE.count("::") == len(named), "a test that is not written as `tests/FILE.py::test_NAME`"
    assert [f"{path}::{name}" for path, name in named if name not in functions(path)] == []


def test_the_security_policy_and_the_architecture_lead_to_it() -> None:
    for name in ("SECURITY.md", "ARCHITECTURE.md"):
        assert "docs/hostile-input.md" in (ROOT / name).read_text("utf-8"), name
