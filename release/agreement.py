"""Checks that tag, version and changelog of a release agree, before anything is built."""

import re
from collections.abc import Sequence

_SECTION = re.compile(r"^## \[?(?P<version>[^\]\s]+)\]?(?: - (?P<date>\S+))?\s*$", re.MULTILINE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def problems(*, version: str, tags: Sequence[str], changelog: str, changed: Sequence[str]) -> list[str]:
    """Return what keeps this commit from being released as `version`, each with what to do; nothing if all agree.

    Args:
        version: the distribution's version.
        tags: the tags of the commit.
        changelog: the text of CHANGELOG.md, in the sections of Keep a Changelog.
        changed: files that differ from the commit.
    """
    found = []
    if changed:
        found.append(
            f"not committed: {', '.join(changed)}. Commit or remove them: a release is built from a commit"
        )
    wanted = f"v{version}"
    if wanted not in tags:
        has = f"its tags are {', '.join(tags)}" if tags else "it has none"
        found.append(
            f"this commit is not tagged {wanted}, the version in version.py: {has}. "
            f"Change the version, or run: git tag -a {wanted} -m 'Pantau {version}'"
        )
    return found + _changelog_problems(version, changelog)


def _changelog_problems(version: str, changelog: str) -> list[str]:
    sections = list(_SECTION.finditer(changelog))
    released = [section for section in sections if section["version"] != "Unreleased"]
    if not released or released[0]["version"] != version:
        newest = released[0]["version"] if released else "none"
        problem = f"CHANGELOG.md: the newest release is {newest}, not {version}"
        return [
            f"{problem}. Write `## [{version}] - YYYY-MM-DD` under `## [Unreleased]`, and its entries below it"
        ]
    section = released[0]
    if not _DATE.fullmatch(section["date"] or ""):
        return [f"CHANGELOG.md: {version} has no date; expected `## [{version}] - YYYY-MM-DD`"]
    following = sections[sections.index(section) + 1 :]
    end = following[0].start() if following else len(changelog)
    if not re.search(r"^- ", changelog[section.end() : end], re.MULTILINE):
        return [f"CHANGELOG.md: {version} has no entries"]
    return []
