"""Every line of the documents that calls pip is one that pip takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import InvalidRequirement, Requirement

from release.project import version

ROOT = Path(__file__).resolve().parents[2]
WITH_VALUE = {
    "-r", "--requirement", "-d", "--dest", "--platform", "--python-version", "--only-binary", "--find-links",
    "--trusted-host", "--target", "--index-url", "--root-user-action",
}  # fmt: skip
WITHOUT_VALUE = {"--require-hashes", "--no-index", "--no-deps", "--upgrade", "--quiet", "-q", "--dry-run"}


def documents() -> list[Path]:
    folders = (
        "",
        "agent",
        "collector",
        "contract",
        "ansible",
        "docs",
        "docs/decisions",
        "simcam",
        "demo",
        "benchmarks",
    )
    return sorted(file for folder in folders for file in (ROOT / folder).glob("*.md"))


def pip_lines() -> Iterator[tuple[str, list[str]]]:
    """Yield each line, and its words after `pip install` or `pip download`."""
    for file in documents():
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            command = re.search(r"\bpip3? (?:install|download) (?P<rest>[^`#;|]+)", line)
            if command is not None:
                yield f"{file.relative_to(ROOT)}:{number}", shlex.split(command["rest"])


def problems(words: list[str]) -> list[str]:
    """Return what pip would refuse."""
    found, options = [], iter(words)
    for word in options:
        name, _, value = word.partition("=")
        if name in WITH_VALUE:
            value = value or next(options, "")
            if name in {"-r", "--requirement"} and not (ROOT / value.removeprefix("../")).is_file():
                found.append(f"there is no {value}")
        elif word.startswith("-"):
            found += [] if word in WITHOUT_VALUE else [f"unknown option {word}"]
        elif word.endswith(".whl"):
            if "pantau-" in word and version() not in word:
                found.append(f"{word} is another version than {version()}")
        else:
            try:
                Requirement(word)
            except InvalidRequirement as error:
                found.append(str(error).splitlines()[0])
    return found


@pytest.mark.parametrize(("where", "words"), list(pip_lines()), ids=[where for where, _ in pip_lines()])
def test_pip_takes_the_line(where: str, words: list[str]) -> None:
    assert problems(words) == [], where


def test_there_are_such_lines_and_wrong_ones_are_noticed() -> None:
    assert len(list(pip_lines())) >= 3
    assert problems(["pantau==0.2.0[agent]"])
    assert problems(["--no-such-option", "pantau[agent]==0.2.0"])
    assert problems(["-r", "locks/none.txt"])
    assert problems(["build/wheel/pantau-0.1.9-py3-none-any.whl"])


def test_no_document_writes_an_extra_after_the_version() -> None:
    wrong = re.compile(r"pantau==[^\s\[]+\[")
    assert [str(file) for file in documents() if wrong.search(file.read_text("utf-8"))] == []
