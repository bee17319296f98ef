"""Each extra holds all that its program imports: tested with every other installed package hidden.

`make extras`, which CI runs, starts the programs in environments that hold the locked versions and nothing else.
"""

import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = {
    "agent": ("pantau_agent",),
    "collector": ("pantau_collector",),
    "collector,postgresql": ("pantau_collector", "psycopg"),
    "demo": ("pantau_agent", "pantau_collector", "pantau_simcam", "pantau_demo"),
}
"""What is imported, module by module, with each set of extras."""
IMPORT_ALL = """
import importlib, pkgutil, sys
packages, hidden = sys.argv[1].split(","), set(sys.argv[2].split(","))
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hide())
for package in packages:
    found = importlib.import_module(package)
    if package.startswith("pantau"):
        for module in pkgutil.walk_packages(found.__path__, f"{package}."):
            if not module.name.endswith(".__main__"):
                importlib.import_module(module.name)
print(importlib.import_module("pantau_contract").__file__)
"""


def needed(requirements: list[str], extras: set[str]) -> set[str]:
    """Return the distributions that these requirements bring along, by their metadata."""
    found: set[str] = set()
    waiting = [(Requirement(text), extras) for text in requirements]
    while waiting:
        requirement, active = waiting.pop()
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate({"extra": each}) for each in active or {""}):
            continue
        name = canonicalize_name(requirement.name)
        wanted = {name, *(f"{name}[{extra}]" for extra in requirement.extras)}
        if not wanted - found:
            continue
        found |= wanted
        inner = requirements if name == "pantau" else metadata.requires(name) or []
        waiting += [(Requirement(text), set(requirement.extras)) for text in inner]
    return {name for name in found if "[" not in name}


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize("extras", EXTRAS)
def test_every_module_of_the_program_is_imported_with_what_its_extra_brings(unpacked: Path, extras: str) -> None:
    [about] = unpacked.glob("*.dist-info")
    requirements = metadata.PathDistribution(about).requires or []
    brought = needed(requirements, set(extras.split(",")))
    hidden = [
        module
        for module, distributions in metadata.packages_distributions().items()
        if not brought & set(map(canonicalize_name, distributions)) and not module.startswith("pantau")
    ]
    assert ("amqtt" in hidden) is (extras != "demo")
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, ",".join(EXTRAS[extras]), ",".join(hidden)],
        env={"PYTHONPATH": str(unpacked), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith(str(unpacked)), "it is the wheel that was imported"
