import os
import stat
from pathlib import Path

import pytest

from pantau_service import atomic_file


def test_what_cannot_be_written_whole_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    atomic_file.write(path, b"before")
    (tmp_path / "kept.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        atomic_file.write(path, b"after")
    assert path.read_bytes() == b"before"


def test_a_secret_is_never_readable_by_others_not_even_for_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    atomic_file.write(path, b"secret", mode=0o600)
    assert path.read_bytes() == b"secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_but_a_file_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.iterdir())
    for path, why in (
        (tmp_path / "pipe", "regular"),
        (tmp_path / "folder", "directory"),
        (Path("/"), "directory"),
    ):
        with pytest.raises(OSError, match=why):
            atomic_file.write(path, b"after")
    with pytest.raises(OSError, match="directory"):
        atomic_file.write(Path(), b"after")
    assert sorted(tmp_path.iterdir()) == before
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
