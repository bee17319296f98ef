"""Builds wheel and sdist from a commit, twice, and keeps them only if both builds have the same bytes."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from release.git import archive, commit_time

Builder = Callable[[Path, Path, int], None]
"""Builds the tree in the first folder into the second, dated by the third (seconds since the epoch)."""


class NotReproducibleError(Exception):
    """Two builds of one commit differ; the text names the files."""


def build(out: Path) -> list[Path]:
    """Build HEAD into `out` and return the files.

    Raises:
        NotReproducibleError: two builds differ. Nothing is written then.
        subprocess.CalledProcessError: the build failed; its output is in `stdout`.
    """
    return build_twice(out, _build_tree, commit_time())


def build_twice(out: Path, builder: Builder, epoch: int) -> list[Path]:
    """Build HEAD in two folders of different names, compare, and move the first build's files to `out`."""
    with tempfile.TemporaryDirectory(prefix="pantau-release-") as folder:
        builds = []
        for name in ("one", "another"):
            tree, built = Path(folder, name, "tree"), Path(folder, name, "dist")
            tree.mkdir(parents=True)
            built.mkdir()
            with tarfile.open(archive(Path(folder, name))) as packed:
                packed.extractall(tree, filter="data")
            builder(tree, built, epoch)
            builds.append({path.name: path for path in sorted(built.iterdir())})
        first, second = builds
        different = [
            name
            for name in sorted(first.keys() | second.keys())
            if name not in first or name not in second or first[name].read_bytes() != second[name].read_bytes()
        ]
        if different:
            raise NotReproducibleError(f"two builds of the same commit differ: {', '.join(different)}")
        out.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.move(path, out / path.name)) for path in first.values()]


def _build_tree(tree: Path, out: Path, epoch: int) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)],
        env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch)},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
