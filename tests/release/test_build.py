"""The build that is kept only if it can be repeated."""

import itertools
import tarfile
import zipfile
from pathlib import Path

import pytest

from release import git
from release.build import NotReproducibleError, build, build_twice
from release.project import version


@pytest.fixture(scope="module", autouse=True)
def repository() -> None:
    """Where there is no repository, as in an unpacked sdist, nothing can be released."""
    if not git.is_repository():
        pytest.skip("this tree is no git repository")


def test_two_builds_of_the_commit_have_the_same_bytes(tmp_path: Path) -> None:
    wheel, sdist = sorted(build(tmp_path / "dist"), key=lambda path: path.suffix, reverse=True)
    assert (wheel.suffix, sdist.suffixes[-2:]) == (".whl", [".tar", ".gz"])
    with zipfile.ZipFile(wheel) as archive:
        years = {info.date_time[0] for info in archive.infolist()}
        assert len(years) == 1, "every file has the commit's time"
        assert "pantau_agent/run.py" in archive.namelist()
    with tarfile.open(sdist) as packed:
        assert {member.mtime for member in packed.getmembers()} == {git.commit_time()}


def test_builds_that_differ_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    numbers = itertools.count()

    def build_another(tree: Path, out: Path, epoch: int) -> None:
        assert (tree / "pyproject.toml").is_file()
        assert epoch == 1
        (out / "same").write_text("x")
        (out / "pantau.whl").write_text(str(next(numbers)))

    with pytest.raises(NotReproducibleError, match=r"differ: pantau\.whl$"):
        build_twice(tmp_path / "dist", build_another, 1)
    assert not (tmp_path / "dist").exists()


def test_the_version_is_one_that_an_index_takes() -> None:
    assert version().count(".") == 2
