"""What the project says of itself: its version, and what each of its extras requires."""

import re
import tomllib

from packaging.requirements import Requirement

from release.paths import PYPROJECT, ROOT


def version() -> str:
    """Return the distribution's version.

    Raises:
        LookupError: the file that `pyproject.toml` names for it does not hold one.
    """
    path = ROOT / tomllib.loads(PYPROJECT.read_text("utf-8"))["tool"]["hatch"]["version"]["path"]
    found = re.search(r'^__version__ = "(.+)"$', path.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise LookupError(f'expected a line `__version__ = "..."` in {path}')
    return found[1]


def requirements(extra: str) -> list[Requirement]:
    """Return the direct requirements of the project with `extra`, those of extras that it includes among them."""
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    found = []
    for text in [*project["dependencies"], *project["optional-dependencies"][extra]]:
        requirement = Requirement(text)
        if requirement.name == project["name"]:
            found += [each for inner in sorted(requirement.extras) for each in requirements(inner)]
        else:
            found.append(requirement)
    return found
