"""Asks git about the commit that is released."""

import subprocess
from pathlib import Path

from release.paths import ROOT


def is_repository() -> bool:
    """Return False where the tree was unpacked from an archive, without its history."""
    return (ROOT / ".git").exists()


def commit_time() -> int:
    """Return when HEAD was committed, in seconds since the epoch: SOURCE_DATE_EPOCH of a reproducible build."""
    return int(_git("log", "-1", "--format=%ct"))


def tags() -> list[str]:
    """Return the tags of HEAD."""
    return _git("tag", "--points-at", "HEAD").split()


def changed_files() -> list[str]:
    """Return the files that differ from HEAD, untracked ones among them."""
    entries = _git("status", "--porcelain", "-z").split("\0")
    return [entry[3:] for entry in entries if entry[2:3] == " "]


def archive(folder: Path) -> Path:
    """Write the files of HEAD as a tar file into `folder` and return its path."""
    path = folder / "head.tar"
    _git("archive", "--format=tar", f"--output={path}", "HEAD")
    return path


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.rstrip("\n")
