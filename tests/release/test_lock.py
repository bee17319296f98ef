"""The files in `locks/` against `pyproject.toml`, without a network."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release import lock
from release.paths import LOCKS, PYPROJECT
from release.project import requirements

ENVIRONMENTS = [
    {"python_version": python, "python_full_version": f"{python}.0", "platform_machine": machine}
    for python in ("3.11", "3.12", "3.13")
    for machine in ("x86_64", "aarch64")
]
TEXTS = {path.name: path.read_text("utf-8") for path in sorted(LOCKS.iterdir())}


def pinned(text: str) -> dict[str, Requirement]:
    """The requirements of a lock by name."""
    joined = text.replace("\\\n", " ")
    lines = [line.split("--hash")[0] for line in joined.splitlines() if line and not line.lstrip().startswith("#")]
    pins = [Requirement(line.strip()) for line in lines]
    by_name: dict[str, Requirement] = {canonicalize_name(each.name): each for each in pins}
    assert len(by_name) == len(pins), "one version of each package"
    return by_name


@pytest.mark.parametrize("name", lock.EXTRAS)
def test_every_range_of_the_project_is_pinned_within_it(name: str) -> None:
    pins = pinned(TEXTS[f"{name}.txt"])
    for extra in lock.EXTRAS[name]:
        for requirement in requirements(extra):
            pin = pins[canonicalize_name(requirement.name)]
            (version,) = pin.specifier
            assert version.operator == "=="
            assert requirement.specifier.contains(version.version, prereleases=True), (requirement, pin)
            for environment in ENVIRONMENTS:
                needed = requirement.marker is None or requirement.marker.evaluate(environment)
                assert not needed or pin.marker is None or pin.marker.evaluate(environment), (pin, environment)


@pytest.mark.parametrize("name", lock.EXTRAS)
def test_what_is_installed_at_a_site_is_what_the_tests_run_with(name: str) -> None:
    tested = pinned(TEXTS["dev.txt"])
    for package, pin in pinned(TEXTS[f"{name}.txt"]).items():
        assert pin.specifier == tested[package].specifier


@pytest.mark.parametrize("name", [*lock.EXTRAS, lock.PEERS])
def test_every_pin_has_hashes(name: str) -> None:
    for entry in re.split(r"\n(?=\S)", TEXTS[f"{name}.txt"]):
        assert entry.startswith("#") or "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("name", TEXTS)
def test_no_lock_names_an_index_or_a_mirror(name: str) -> None:
    assert not re.search(r"https?:|://|--(extra-)?index-url|--find-links|--trusted-host", TEXTS[name])


def test_the_commands_resolve_for_every_platform_and_write_no_address(tmp_path: Path) -> None:
    compiling = lock.compile_command(PYPROJECT, "--extra", "agent", upgrade=True)
    assert {"--universal", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"} <= set(compiling)
    assert "--upgrade" in compiling
    assert "--upgrade" not in lock.compile_command(PYPROJECT, upgrade=False)
    trying = lock.install_command(LOCKS / "agent.txt", "3.13", "aarch64-manylinux_2_28", tmp_path)
    assert {"--dry-run", "--require-hashes", "--only-binary"} <= set(trying)
