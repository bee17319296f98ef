"""What keeps a commit from being released."""

import pytest

from release.agreement import problems
from release.paths import CHANGELOG
from release.project import version

GOOD = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-11-29

### Added

- A thing.

## [0.1.0] - 2026-11-01
"""


def found(
    changelog: str = GOOD, *, tags: tuple[str, ...] = ("v0.2.0",), changed: tuple[str, ...] = ()
) -> list[str]:
    return problems(version="0.2.0", tags=tags, changelog=changelog, changed=changed)


def test_a_commit_whose_tag_version_and_changelog_agree_can_be_released() -> None:
    assert found() == []


def test_a_second_tag_does_no_harm() -> None:
    assert found(tags=("latest", "v0.2.0")) == []


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (found(tags=()), "not tagged v0.2.0"),
        (found(tags=("v0.3.0",)), "its tags are v0.3.0"),
        (found(changed=("a.py",)), "not committed: a.py"),
        (found("# Changelog\n\n## [Unreleased]\n\n- A thing.\n"), "the newest release is none, not 0.2.0"),
        (found(GOOD.replace("0.2.0", "0.3.0")), "the newest release is 0.3.0, not 0.2.0"),
        (found(GOOD.replace(" - 2026-11-29", "")), "0.2.0 has no date"),
        (found(GOOD.replace("2026-11-29", "today")), "0.2.0 has no date"),
        (found(GOOD.replace("- A thing.\n", "")), "0.2.0 has no entries"),
    ],
)
def test_what_does_not_agree_is_named(problem: list[str], message: str) -> None:
    (only,) = problem
    assert message in only


def test_the_changelog_names_the_version() -> None:
    text = CHANGELOG.read_text("utf-8")
    assert problems(version=version(), tags=(f"v{version()}",), changelog=text, changed=()) == []
