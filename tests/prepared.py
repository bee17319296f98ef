"""What the Makefile prepares for the tests: this tree's wheel, and foreign cameras. No test installs anything."""

import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.servers.programs import fail_or_skip

ROOT = Path(__file__).resolve().parents[1]
PREPARED = ROOT / "build"
"""`make prepare` fills it."""
HOW = "run `make prepare`, which `make test` does by itself"


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The wheel of this tree, as a user would install it."""
    found = sorted((PREPARED / "wheel").glob("pantau-*.whl"))
    if not found:
        fail_or_skip(f"build/wheel has no wheel of Pantau: {HOW}")
    newer = changed_since(found[-1])
    if newer:
        fail_or_skip(f"the wheel in build/wheel is older than {', '.join(newer[:3])}: {HOW}")
    return found[-1]


@pytest.fixture(scope="session")
def peers() -> Path:
    """A directory with the packages of `locks/peers.txt`, for `PYTHONPATH` alone."""
    folder = PREPARED / "peers"
    if not (folder / "ipycam").is_dir():
        fail_or_skip(f"build/peers lacks the foreign cameras of locks/peers.txt: {HOW}")
    return folder


def changed_since(wheel: Path) -> list[str]:
    """Return the packaged files that were changed after the wheel was built."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    target = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    command = ["git", "ls-files", "-z", "pyproject.toml", *target["packages"], *target["force-include"]]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\0")
    files = [ROOT / name for name in listed if name]
    built = wheel.stat().st_mtime
    return [str(file.relative_to(ROOT)) for file in files if file.exists() and file.stat().st_mtime > built]
